//! Bytes that many own together.

use std::{ops::Deref, rc::Rc};

use serde::{Deserialize, Serialize};

/// The bytes of a body. Cloning shares them: a document is in the filter's memory once, however many clients wait for it.
/// A crowd that waits for a large go.mod would otherwise exhaust the VM's 1 GiB, and that is the end of the VM.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<u8>", into = "Vec<u8>")]
pub struct Body(Rc<Vec<u8>>);

impl Deref for Body {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
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
