//! What Envoy's messages look like, read from Envoy's program.
//!
//! Every program in C++ that uses protobuf carries the descriptors of its messages, so that the harness speaks of exactly the fields
//! that the Envoy under test has, whatever its version, and nothing has to be generated, downloaded or kept up to date.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use memchr::memmem::Finder;
use prost_reflect::{DescriptorPool, MessageDescriptor};

use crate::tools;

/// The message of this full name, such as `envoy.config.listener.v3.Listener`.
///
/// # Panics
/// When this Envoy has none of that name, or its program cannot be read.
pub(super) fn message(name: &str) -> MessageDescriptor {
    POOL.get_message_by_name(name).unwrap_or_else(|| panic!("this Envoy has no message {name}"))
}

static POOL: LazyLock<DescriptorPool> = LazyLock::new(|| {
    let envoy = tools::find("MODGATE_ENVOY").unwrap_or_else(|error| panic!("{error}"));
    read(&envoy).unwrap_or_else(|error| panic!("{}: {error}", envoy.display()))
});

fn read(program: &Path) -> Result<DescriptorPool, String> {
    let program = fs::read(program).map_err(|error| error.to_string())?;
    let mut files = files(&program);
    // A file that imports what is not there cannot be used, and what imports that neither.
    loop {
        let complete = |file: &File<'_>| file.imports.iter().all(|import| files.contains_key(import));
        let lost: Vec<&str> =
            files.iter().filter(|(_, file)| !complete(file)).map(|(name, _)| *name).collect();
        if lost.is_empty() {
            break;
        }
        lost.iter().for_each(|name| drop(files.remove(name)));
    }
    let mut set = Vec::new();
    for file in files.values() {
        // A FileDescriptorSet is its files, each as field 1.
        set.push(NAME);
        write_varint(&mut set, file.bytes.len());
        set.extend_from_slice(file.bytes);
    }
    DescriptorPool::decode(set.as_slice()).map_err(|error| error.to_string())
}

/// One `FileDescriptorProto`, as it stands in the program.
struct File<'a> {
    bytes: &'a [u8],
    imports: Vec<&'a str>,
}

/// Every file that begins with its name, which is its field 1.
fn files(program: &[u8]) -> BTreeMap<&str, File<'_>> {
    let mut files = BTreeMap::new();
    for at in Finder::new(SUFFIX).find_iter(program) {
        let end = at + SUFFIX.len();
        // How long the name is stands before it, in one byte as long as that is less than 128.
        let starts = (end.saturating_sub(127)..=at).filter(|start| {
            let tagged = start.checked_sub(2).and_then(|tag| program.get(tag..*start));
            tagged == Some(&[NAME, u8::try_from(end - start).unwrap_or(0)])
        });
        for start in starts {
            let name = str::from_utf8(&program[start..end]).ok();
            let name = name.filter(|name| name.bytes().all(|byte| byte.is_ascii_graphic()));
            if let (Some(name), Some(file)) = (name, file(&program[start - 2..])) {
                files.insert(name, file);
            }
        }
    }
    files
}

/// The file that these bytes begin with: its fields up to the first that cannot be one of it.
fn file(bytes: &[u8]) -> Option<File<'_>> {
    let (mut end, mut fields, mut imports) = (0, 0, Vec::new());
    while let Some((field, content, next)) = field(bytes, end) {
        let another = field == 1 && end > 0;
        if another || !FIELDS.contains(&field) {
            break;
        }
        end = next;
        fields += 1;
        match field {
            IMPORT => imports.push(str::from_utf8(content).ok()?),
            // The last of those that Envoy's files have.
            SYNTAX => break,
            _ => {}
        }
    }
    // A name alone is a name in some list.
    (fields > 1).then_some(File { bytes: &bytes[..end], imports })
}

/// The field at `at`: its number, its content, and where the next begins. A file has no fields but texts, messages and numbers.
fn field(bytes: &[u8], at: usize) -> Option<(usize, &[u8], usize)> {
    let (key, from) = varint(bytes, at)?;
    let (value, from) = varint(bytes, from)?;
    match key & 7 {
        0 => Some((key >> 3, &[], from)),
        2 => Some((key >> 3, bytes.get(from..from.checked_add(value)?)?, from + value)),
        _ => None,
    }
}

fn varint(bytes: &[u8], mut at: usize) -> Option<(usize, usize)> {
    let mut value = 0;
    for shift in [0, 7, 14, 21, 28] {
        let byte = usize::from(*bytes.get(at)?);
        value |= (byte & 127) << shift;
        at += 1;
        if byte < 128 {
            return Some((value, at));
        }
    }
    None
}

fn write_varint(into: &mut Vec<u8>, mut value: usize) {
    while value >= 128 {
        into.push(u8::try_from(value & 127).unwrap_or(0) | 128);
        value >>= 7;
    }
    into.push(u8::try_from(value).unwrap_or(0));
}

const SUFFIX: &[u8] = b".proto";
/// The key of a file's name.
const NAME: u8 = 0x0a;
const IMPORT: usize = 3;
const SYNTAX: usize = 12;
/// Those a file can have.
const FIELDS: std::ops::RangeInclusive<usize> = 1..=14;
