//! Drawings for documents: panels of lines over one axis, as SVG that is readable on a light page and on a dark one.

/// Panels, one below the other, over the same axis.
#[derive(Clone, Debug)]
pub struct Chart {
    /// What it is called to who does not see it.
    pub title: String,
    /// What there is to see, in a sentence or two.
    pub description: String,
    /// What the axis is, and its labels: where (0 to 1) and the text.
    pub axis: String,
    /// Labels of the axis.
    pub ticks: Vec<(f64, String)>,
    /// The panels, the first on top.
    pub panels: Vec<Panel>,
    /// What happened, drawn through all panels.
    pub marks: Vec<Mark>,
}

/// Lines of one unit.
#[derive(Clone, Debug)]
pub struct Panel {
    /// What is shown, with its unit.
    pub title: String,
    /// The value at the upper edge; the lower is 0.
    pub most: f64,
    /// The labels of values.
    pub ticks: Vec<(f64, String)>,
    /// The lines, at most as many as there are colours.
    pub lines: Vec<Line>,
}

/// One line.
#[derive(Clone, Debug)]
pub struct Line {
    /// Its name, in the legend.
    pub name: String,
    /// Where on the axis (0 to 1), and how high.
    pub points: Vec<(f64, f64)>,
}

/// An event, or a span of time where it has an end.
#[derive(Clone, Debug)]
pub struct Mark {
    /// Where it begins, 0 to 1.
    pub from: f64,
    /// Where it ends.
    pub to: Option<f64>,
    /// What it is.
    pub name: String,
}

impl Chart {
    /// The document.
    #[must_use]
    pub fn svg(&self) -> String {
        let height = TOP + self.panels.len() as f64 * (PANEL + GAP) + BOTTOM;
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" \
             aria-labelledby=\"title description\">\n<title id=\"title\">{}</title>\n\
             <desc id=\"description\">{}</desc>\n<style>{STYLE}</style>\n\
             <rect class=\"page\" width=\"{WIDTH}\" height=\"{height}\"/>\n",
            escape(&self.title),
            escape(&self.description)
        );
        let bottom = TOP + self.panels.len() as f64 * (PANEL + GAP) - GAP;
        for mark in &self.marks {
            let from = x(mark.from);
            let width = mark.to.map_or(0.0, |to| x(to) - from).max(1.5);
            let (top, height) = (TOP - 4.0, bottom - TOP + 4.0);
            svg += &format!(
                "<rect class=\"mark\" x=\"{from:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{height:.1}\"/>\n\
                 <text class=\"small\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>\n",
                from + width / 2.0,
                TOP - 40.0,
                escape(&mark.name)
            );
        }
        for (at, panel) in self.panels.iter().enumerate() {
            svg += &panel.draw(TOP + at as f64 * (PANEL + GAP));
        }
        for (at, text) in &self.ticks {
            let at = x(*at);
            svg += &format!(
                "<text class=\"small\" x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>\n",
                bottom + 16.0,
                escape(text)
            );
        }
        let (middle, below) = (x(0.5), bottom + 34.0);
        svg += &format!(
            "<text x=\"{middle:.1}\" y=\"{below:.1}\" text-anchor=\"middle\">{}</text>\n</svg>\n",
            escape(&self.axis)
        );
        svg
    }
}

impl Panel {
    fn draw(&self, top: f64) -> String {
        let y = |value: f64| top + PANEL - PANEL * (value / self.most).clamp(0.0, 1.0);
        let heading = top - 7.0;
        let mut svg = format!("<text class=\"head\" x=\"{:.1}\" y=\"{heading:.1}\">{}</text>\n", x(0.0), escape(&self.title));
        for (value, text) in &self.ticks {
            let at = y(*value);
            svg += &format!(
                "<line class=\"grid\" x1=\"{:.1}\" x2=\"{:.1}\" y1=\"{at:.1}\" y2=\"{at:.1}\"/>\n\
                 <text class=\"small\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>\n",
                x(0.0),
                x(1.0),
                x(0.0) - 6.0,
                at + 4.0,
                escape(text)
            );
        }
        for (number, line) in self.lines.iter().enumerate() {
            let points: Vec<String> =
                line.points.iter().map(|(at, value)| format!("{:.1},{:.1}", x(*at), y(*value))).collect();
            svg += &format!("<polyline class=\"line c{number}\" points=\"{}\"/>\n", points.join(" "));
            if self.lines.len() > 1 {
                svg += &format!(
                    "<text class=\"small n{number}\" x=\"{:.1}\" y=\"{:.1}\">{}</text>\n",
                    x(1.0) + 8.0,
                    top + 14.0 + number as f64 * 16.0,
                    escape(&line.name)
                );
            }
        }
        svg
    }
}

fn x(share: f64) -> f64 {
    LEFT + (WIDTH - LEFT - RIGHT) * share.clamp(0.0, 1.0)
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

const WIDTH: f64 = 900.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 110.0;
const TOP: f64 = 64.0;
const PANEL: f64 = 130.0;
const GAP: f64 = 26.0;
const BOTTOM: f64 = 24.0;

/// Colours that are told apart without seeing red and green as different, each dark enough on white and light enough on black.
const STYLE: &str = "\n\
    text { font: 13px system-ui, sans-serif; fill: #24292f }\n\
    .small { font-size: 12px } .head { font-weight: 600 }\n\
    .page { fill: #fff } .grid { stroke: #d0d7de } .mark { fill: #8c959f; opacity: .28 }\n\
    .line { fill: none; stroke-width: 2; stroke-linejoin: round }\n\
    .c0 { stroke: #0969da } .c1 { stroke: #bc4c00 } .c2 { stroke: #8250df } .c3 { stroke: #57606a }\n\
    .n0 { fill: #0969da } .n1 { fill: #bc4c00 } .n2 { fill: #8250df } .n3 { fill: #57606a }\n\
    @media (prefers-color-scheme: dark) {\n\
    text { fill: #e6edf3 } .page { fill: #0d1117 } .grid { stroke: #30363d }\n\
    .c0 { stroke: #58a6ff } .c1 { stroke: #f0883e } .c2 { stroke: #bc8cff } .c3 { stroke: #8b949e }\n\
    .n0 { fill: #58a6ff } .n1 { fill: #f0883e } .n2 { fill: #bc8cff } .n3 { fill: #8b949e }\n\
    }\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chart_has_what_it_was_given_where_it_belongs() {
        let line = Line { name: "a <b>".to_owned(), points: vec![(0.0, 0.0), (1.0, 10.0)] };
        let other = Line { name: "other".to_owned(), points: vec![(0.5, 5.0)] };
        let panel = Panel {
            title: "things".to_owned(),
            most: 10.0,
            ticks: vec![(5.0, "five".to_owned())],
            lines: vec![line, other],
        };
        let chart = Chart {
            title: "t".to_owned(),
            description: "d & e".to_owned(),
            axis: "time".to_owned(),
            ticks: vec![(1.0, "end".to_owned())],
            panels: vec![panel],
            marks: vec![Mark { from: 0.25, to: Some(0.5), name: "out".to_owned() }],
        };
        let svg = chart.svg();
        for part in [
            "<title id=\"title\">t</title>",
            "d &amp; e",
            "a &lt;b&gt;",
            "points=\"64.0,194.0 790.0,64.0\"",
            "points=\"427.0,129.0\"",
            "x=\"245.5\" y=\"60.0\" width=\"181.5\"",
            ">five<",
            ">out<",
        ] {
            assert!(svg.contains(part), "{part} in {svg}");
        }
        assert_eq!(svg.matches("<text").count(), svg.matches("</text>").count());
    }
}
