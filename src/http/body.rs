//! Bytes that many own together.

use std::{fmt, ops::Deref, rc::Rc};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, Visitor},
};

/// The bytes of a body. Cloning shares them: a document is in the filter's memory once, however many clients wait for it.
/// A crowd that waits for a large go.mod would otherwise exhaust the VM's 1 GiB, and that is the end of the VM.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Body(Rc<Vec<u8>>);

/// As bytes, and not as a sequence of numbers, which is written and read one by one: to tell another worker of a list of 4 MiB takes
/// a millisecond so, and ten times as long otherwise.
impl Serialize for Body {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self)
    }
}

impl<'de> Deserialize<'de> for Body {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_byte_buf(Bytes)
    }
}

struct Bytes;

impl Visitor<'_> for Bytes {
    type Value = Body;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("bytes")
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Body, E> {
        Ok(bytes.to_vec().into())
    }

    fn visit_byte_buf<E: Error>(self, bytes: Vec<u8>) -> Result<Body, E> {
        Ok(bytes.into())
    }
}

impl Deref for Body {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl Body {
    /// The bytes as one owner has them, with the memory that they stand in, unless another owns them too.
    pub fn into_unique(self) -> Option<Vec<u8>> {
        Rc::into_inner(self.0)
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Rc::new(bytes))
    }
}

impl From<Body> for Vec<u8> {
    fn from(body: Body) -> Self {
        Rc::unwrap_or_clone(body.0)
    }
}

impl From<String> for Body {
    fn from(text: String) -> Self {
        text.into_bytes().into()
    }
}
