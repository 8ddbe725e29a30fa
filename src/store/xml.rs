//! The XML that S3 answers with: an element, and in it a text under each name.

use quick_xml::{Reader, escape::resolve_predefined_entity, events::Event};

/// What S3 says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    /// What the outermost element is called, without a namespace.
    pub(super) root: String,
    /// The elements in it, with their texts, in order.
    fields: Vec<(String, String)>,
}

impl Answer {
    /// Reads a body, where it is XML from beginning to end.
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(body).ok().filter(|text| text.len() <= MAX_BYTES)?;
        let mut reader = Reader::from_str(text);
        let mut answer: Option<Self> = None;
        let mut open = Vec::new();
        let mut content = String::new();
        loop {
            match reader.read_event().ok()? {
                Event::Start(tag) => {
                    let name = tag.local_name().as_ref().to_owned();
                    match (open.len(), &answer) {
                        (0, None) => answer = Some(Self { root: name.clone(), fields: Vec::new() }),
                        (0, Some(_)) => return None,
                        (1, _) => content.clear(),
                        _ => {}
                    }
                    open.push(name);
                }
                Event::Empty(tag) => {
                    let name = tag.local_name().as_ref().to_owned();
                    match (open.len(), &mut answer) {
                        (0, None) => answer = Some(Self { root: name, fields: Vec::new() }),
                        (0, Some(_)) => return None,
                        (1, Some(answer)) => answer.fields.push((name, String::new())),
                        _ => {}
                    }
                }
                Event::End(_) => {
                    let name = open.pop()?;
                    if let (1, Some(answer)) = (open.len(), &mut answer) {
                        answer.fields.push((name, std::mem::take(&mut content)));
                    }
                }
                Event::Text(text) if open.len() == 2 => content.push_str(&text.xml10_content()),
                Event::CData(text) if open.len() == 2 => content.push_str(&text),
                Event::GeneralRef(name) if open.len() == 2 => match name.resolve_char_ref().ok()? {
                    Some(character) => content.push(character),
                    None => content.push_str(resolve_predefined_entity(&name)?),
                },
                // Entities of its own, which no store has any use for.
                Event::DocType(_) => return None,
                Event::Eof => return answer.filter(|_| open.is_empty()),
                _ => {}
            }
        }
    }

    /// The text of the first element called `name`.
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(known, _)| known == name).map(|(_, text)| text.as_str())
    }
}

/// What S3 answers to a write is a few hundred bytes.
const MAX_BYTES: usize = 64 << 10;

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
