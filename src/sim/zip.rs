//! Module zips as upstreams have them.

use zlib_rs::{Deflate, DeflateFlush, crc32::crc32};

/// A zip of `files`, named below `prefix` (`module@version/`); those of more than 1 KiB are deflated where
/// that makes them smaller.
pub fn zip(prefix: &str, files: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    for (name, content) in files {
        let name = format!("{prefix}{name}");
        let packed = Some(content).filter(|content| content.len() > 1024).map(|content| deflated(content));
        let (method, packed) = match packed.filter(|packed| packed.len() < content.len()) {
            Some(packed) => (8, packed),
            None => (0, content.clone()),
        };
        let offset = u32::try_from(bytes.len()).unwrap();
        let sizes = [crc32(0, content), length(&packed), length(content)].map(u32::to_le_bytes).concat();
        let name_length = u16::try_from(name.len()).unwrap().to_le_bytes();
        let fields =
            [&[20, 0, 0, 0, method, 0, 0, 0, 0x21, 0x58][..], &sizes, &name_length, &[0, 0]].concat();
        bytes.extend([b"PK\x03\x04", &fields[..], name.as_bytes(), &packed].concat());
        let rest = [&[0; 10][..], &offset.to_le_bytes(), name.as_bytes()].concat();
        directory.extend([b"PK\x01\x02\x14\0", &fields[..], &rest].concat());
    }
    let count = u16::try_from(files.len()).unwrap().to_le_bytes();
    let (size, start) = (length(&directory).to_le_bytes(), length(&bytes).to_le_bytes());
    bytes.extend(directory);
    bytes.extend([b"PK\x05\x06\0\0\0\0", &count[..], &count, &size, &start, &[0, 0]].concat());
    bytes
}

fn deflated(content: &[u8]) -> Vec<u8> {
    let mut packed = vec![0; content.len() + content.len() / 1000 + 64];
    let mut deflate = Deflate::new(9, false, 15);
    deflate.compress(content, &mut packed, DeflateFlush::Finish).unwrap();
    packed.truncate(usize::try_from(deflate.total_out()).unwrap());
    packed
}

fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap()
}
