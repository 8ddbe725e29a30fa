//! The XML that stores answer with.

use quick_xml::{Reader, escape::resolve_predefined_entity, events::Event};

/// What S3 says: an element, and in it a text under each name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    /// What the outermost element is called, without a namespace.
    pub(super) root: String,
    /// The elements in it, with their texts, in order.
    fields: Vec<(String, String)>,
}

/// An element that is not read to its end yet.
#[derive(Debug)]
pub(super) struct Element {
    /// What it is called, without a namespace.
    pub(super) name: String,
    text: String,
}

impl Answer {
    /// Reads a body, where it is XML from beginning to end.
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        let mut answer = Self { root: String::new(), fields: Vec::new() };
        read(body, MAX_BYTES, |outer, name, text| match outer.len() {
            0 => name.clone_into(&mut answer.root),
            1 => answer.fields.push((name.to_owned(), text.to_owned())),
            _ => {}
        })?;
        Some(answer)
    }

    /// The text of the first element called `name`.
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(known, _)| known == name).map(|(_, text)| text.as_str())
    }
}

/// Reads a body of at most `most` bytes, where it is XML from beginning to end. Every element is visited when it ends: the elements
/// that it is in, from the outermost; its name, without a namespace; the text that is in it and in no element within.
pub(super) fn read(body: &[u8], most: usize, mut visit: impl FnMut(&[Element], &str, &str)) -> Option<()> {
    let text = std::str::from_utf8(body).ok().filter(|text| text.len() <= most)?;
    let mut reader = Reader::from_str(text);
    let mut open: Vec<Element> = Vec::new();
    let mut is_over = false;
    loop {
        let event = reader.read_event().ok()?;
        if matches!(event, Event::Start(_) | Event::Empty(_))
            && ((is_over && open.is_empty()) || open.len() >= MAX_DEPTH)
        {
            return None;
        }
        match event {
            Event::Start(tag) => {
                open.push(Element { name: tag.local_name().as_ref().to_owned(), text: String::new() });
            }
            Event::Empty(tag) => {
                visit(&open, tag.local_name().as_ref(), "");
                is_over |= open.is_empty();
            }
            Event::End(_) => {
                let Element { name, text } = open.pop()?;
                visit(&open, &name, &text);
                is_over |= open.is_empty();
            }
            Event::Text(text) => {
                if let Some(element) = open.last_mut() {
                    element.text.push_str(&text.xml10_content());
                }
            }
            Event::CData(text) => open.last_mut()?.text.push_str(&text),
            Event::GeneralRef(name) => {
                let text = &mut open.last_mut()?.text;
                match name.resolve_char_ref().ok()? {
                    Some(character) => text.push(character),
                    None => text.push_str(resolve_predefined_entity(&name)?),
                }
            }
            // Entities of its own, which no store has any use for.
            Event::DocType(_) => return None,
            Event::Eof => return (is_over && open.is_empty()).then_some(()),
            _ => {}
        }
    }
}

/// What S3 answers to a write is a few hundred bytes.
const MAX_BYTES: usize = 64 << 10;

/// Elements in one another. Listings have six.
const MAX_DEPTH: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_without_namespace_and_texts_without_escapes() {
        let answer = Answer::read(
            b"<?xml version=\"1.0\"?>\n<!-- x --><s3:Result xmlns:s3=\"u\">\n <Bucket/>\n <s3:Id> a&amp;b&#x2b;<![CDATA[<c>]]></s3:Id>\
              <Owner><Id>o</Id></Owner><Id>2</Id></s3:Result>\n",
        )
        .unwrap();
        assert_eq!(answer.root, "Result");
        assert_eq!(answer.field("Id"), Some(" a&b+<c>"));
        assert_eq!(answer.field("Bucket"), Some(""));
        assert_eq!(answer.field("Owner"), Some(""), "what lies deeper is nobody's text");
        assert_eq!(answer.field("Key"), None);
        // A store that takes its time sends blanks first.
        assert_eq!(Answer::read(b"\n \n<Error/>").unwrap().root, "Error");
    }

    #[test]
    fn what_is_no_answer_is_none() {
        for body in [
            "",
            "no",
            "<a>",
            "<a><b></a>",
            "<a/><b/>",
            "<a></a><b></b>",
            "<a><b>&x;</b></a>",
            "<a><b>&#0;</b></a>",
            "<!DOCTYPE a [<!ENTITY x \"y\">]><a/>",
            "<!DOCTYPE html><html></html>",
        ] {
            assert_eq!(Answer::read(body.as_bytes()), None, "{body}");
        }
        assert_eq!(Answer::read(b"<a>\xff</a>"), None);
        let long = format!("<a><b>{}</b></a>", "x".repeat(MAX_BYTES));
        assert_eq!(Answer::read(long.as_bytes()), None);
    }
}
