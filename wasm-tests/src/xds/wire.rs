//! The protocol's messages as JSON, and gRPC's frames around them.

use prost_reflect::prost::Message;
use prost_reflect::prost::bytes::{Buf, BufMut, Bytes, BytesMut};
use prost_reflect::{DynamicMessage, SerializeOptions};
use serde_json::Value;

use super::descriptors;

/// A message as it goes over the wire.
///
/// # Errors
/// Which field is wrong, or which this Envoy does not have.
pub(super) fn encode(name: &str, value: &Value) -> Result<Bytes, String> {
    let message = DynamicMessage::deserialize(descriptors::message(name), value);
    let message = message.map_err(|error| format!("{name}: {error}"))?;
    let mut frame = BytesMut::with_capacity(HEAD + message.encoded_len());
    frame.put_u8(0);
    frame.put_u32(u32::try_from(message.encoded_len()).map_err(|error| error.to_string())?);
    message.encode(&mut frame).map_err(|error| error.to_string())?;
    Ok(frame.freeze())
}

/// The messages that are whole in `buffer`, taken out of it, each under its fields' own names.
///
/// # Errors
/// When they are none of `name`.
pub(super) fn decode(name: &str, buffer: &mut BytesMut) -> Result<Vec<Value>, String> {
    let mut messages = Vec::new();
    while let Some(length) = buffer.get(1..HEAD).map(|mut length| length.get_u32() as usize) {
        if buffer.len() < HEAD + length {
            break;
        }
        buffer.advance(HEAD);
        let message = DynamicMessage::decode(descriptors::message(name), buffer.split_to(length));
        let message = message.map_err(|error| format!("{name}: {error}"))?;
        let options = SerializeOptions::new().use_proto_field_name(true);
        let value = message.serialize_with_options(serde_json::value::Serializer, &options);
        messages.push(value.map_err(|error| format!("{name}: {error}"))?);
    }
    Ok(messages)
}

/// Whether it is compressed, and its length.
const HEAD: usize = 5;
