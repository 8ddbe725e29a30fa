//! The file that is shipped, before Envoy gets it: what it asks of a host, what it offers one, and how large it is. A host that lacks one import
//! refuses the whole module, so what slips in here would be found out at somebody's start.

use std::collections::{BTreeMap, BTreeSet};

use modgate_wasm_tests::tools;

/// Bytes that each part of the module may take: what it had when this was last set, and 10 % to grow. Envoy compiles the code once per
/// process, at 1 to 1.5 ms per KB, and copies the data into each worker's memory. The names are read for a backtrace alone.
///
/// Of the code, B-trees of all kinds are a tenth, reading the configuration another, sorting a twentieth, each part of the core less.
const BUDGETS: [(Part, usize); 4] =
    [(Part::Code, 4_250_000), (Part::Data, 191_000), (Part::Names, 403_000), (Part::Else, 10_000)];

#[test]
fn nothing_is_imported_that_a_proxy_wasm_host_lacks() {
    let module = shipped();
    assert!(module.imports.len() > 10, "{:?}", module.imports);
    let unknown: Vec<_> = module
        .imports
        .iter()
        .filter(|(from, name)| from != "env" || !HOST_FUNCTIONS.contains(&name.as_str()))
        .collect();
    assert!(
        unknown.is_empty(),
        "{unknown:?} is in no proxy-wasm 0.2.1 host. From \"wasi_snapshot_preview1\" or \"__wbindgen_placeholder__\" it comes \
         with a dependency that wants a clock, randomness or an operating system: find it with `cargo tree -p modgate \
         --target wasm32-unknown-unknown`"
    );
}

#[test]
fn what_the_host_calls_is_exported() {
    let module = shipped();
    let missing: Vec<_> = EXPORTS.iter().filter(|name| !module.exports.contains(**name)).collect();
    assert!(
        missing.is_empty(),
        "{missing:?} is not exported: was the module built without the feature `host`?"
    );
    let abi: Vec<_> = module.exports.iter().filter(|name| name.starts_with("proxy_abi_version_")).collect();
    assert_eq!(abi, ["proxy_abi_version_0_2_1"], "one ABI, and the one that Envoy speaks");
    // Envoy takes `_start` for a command, runs it and expects it to return.
    assert!(module.exports.contains("_initialize") && !module.exports.contains("_start"));
}

/// A compiler's flags from elsewhere (`RUSTFLAGS`) take the place of `.cargo/config.toml`'s, and nothing else would show it.
#[test]
fn it_hashes_with_vectors() {
    let module = std::fs::read(tools::wasm()).unwrap();
    assert!(
        module.windows(VECTORS.len()).any(|window| window == VECTORS),
        "the filter was built without `-C target-feature=+simd128`, and reading a zip along costs more"
    );
}

#[test]
fn it_stays_small() {
    let sizes = shipped().sizes;
    for (part, budget) in BUDGETS {
        let size = sizes[&part];
        assert!(
            size <= budget,
            "the filter has {size} bytes of {part:?}, more than the budget of {budget}. What grew shows `twiggy top`, or the sizes of \
             the crates in `cargo tree`; a table of text or a second parser is the usual cause. If it is worth it, raise the budget \
             to what it has now and 10 % more, and say in the commit what for"
        );
        assert!(
            size >= budget / 2,
            "there are only {size} bytes of {part:?}: lower its budget to that and 10 % more"
        );
    }
}

/// The name of the header by which tests crash the other build of it.
#[test]
fn no_upstream_can_crash_it_on_purpose() {
    let has_hook = |file| std::fs::read(file).unwrap().windows(HOOK.len()).any(|window| window == HOOK);
    assert!(!has_hook(tools::wasm()), "the filter was built with the feature `crash-hook`");
    assert!(has_hook(tools::wasm_crash()), "else its absence from the other says nothing");
}

/// The parser itself: what it reads of a module made by hand, and that it does not read what is none.
#[test]
fn a_module_is_read() {
    let module = b"\0asm\x01\0\0\0\
        \x00\x06\x04name!\
        \x02\x14\x02\x03env\x01f\x00\x00\x04wasi\x01m\x02\x01\x01\x02\
        \x07\x0f\x02\x06memory\x02\x00\x01g\x00\x80\x01";
    let module = Module::read(module).unwrap();
    let import = |from: &str, name: &str| (from.to_owned(), name.to_owned());
    assert_eq!(module.imports, BTreeSet::from([import("env", "f"), import("wasi", "m")]));
    assert_eq!(module.exports, ["memory", "g"].map(str::to_owned).into());
    let sizes = [(Part::Code, 0), (Part::Data, 0), (Part::Names, 6), (Part::Else, 35)];
    assert_eq!(module.sizes, sizes.into());
    assert!(Module::read(b"\0asm\x01\0\0\0\x02\x05\x01\x03en").is_none());
    assert!(Module::read(b"\x7fELF").is_none());
}

fn shipped() -> Module {
    let path = tools::wasm();
    Module::read(&std::fs::read(&path).unwrap())
        .unwrap_or_else(|| panic!("{} is no wasm module", path.display()))
}

/// What a byte of a module belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    /// The functions.
    Code,
    /// What memory begins with.
    Data,
    /// What functions are called in a backtrace.
    Names,
    /// All other sections.
    Else,
}

/// The names of a module's imports and exports, and the bytes of its parts.
struct Module {
    imports: BTreeSet<(String, String)>,
    exports: BTreeSet<String>,
    sizes: BTreeMap<Part, usize>,
}

impl Module {
    fn read(bytes: &[u8]) -> Option<Self> {
        let sizes = [Part::Code, Part::Data, Part::Names, Part::Else].map(|part| (part, 0)).into();
        let mut module = Self { imports: BTreeSet::new(), exports: BTreeSet::new(), sizes };
        let mut file = Reader(bytes.strip_prefix(b"\0asm\x01\0\0\0")?);
        while !file.0.is_empty() {
            let section = file.byte()?;
            let mut content = Reader(file.bytes()?);
            let part = match section {
                CODE => Part::Code,
                DATA => Part::Data,
                CUSTOM if Reader(content.0).name()? == "name" => Part::Names,
                _ => Part::Else,
            };
            *module.sizes.entry(part).or_default() += content.0.len();
            match section {
                IMPORTS => {
                    for _ in 0..content.number()? {
                        let (from, name) = (content.name()?, content.name()?);
                        content.skip_import_type()?;
                        module.imports.insert((from, name));
                    }
                }
                EXPORTS_SECTION => {
                    for _ in 0..content.number()? {
                        module.exports.insert(content.name()?);
                        content.byte()?;
                        content.number()?;
                    }
                }
                _ => continue,
            }
            assert!(content.0.is_empty(), "section {section} is read whole");
        }
        Some(module)
    }
}

/// The binary format of the WebAssembly specification, chapter 5, as far as names need it.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    /// LEB128.
    fn number(&mut self) -> Option<usize> {
        let mut number = 0;
        for shift in (0..35).step_by(7) {
            let byte = self.byte()?;
            number |= usize::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = self.number()?;
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }

    fn name(&mut self) -> Option<String> {
        String::from_utf8(self.bytes()?.to_vec()).ok()
    }

    fn skip_import_type(&mut self) -> Option<()> {
        match self.byte()? {
            0 => drop(self.number()?),
            1 => {
                self.byte()?;
                self.skip_limits()?;
            }
            2 => self.skip_limits()?,
            3 => drop((self.byte()?, self.byte()?)),
            _ => return None,
        }
        Some(())
    }

    fn skip_limits(&mut self) -> Option<()> {
        let has_most = self.byte()? & 1 == 1;
        self.number()?;
        if has_most {
            self.number()?;
        }
        Some(())
    }
}

/// As the compiler lists it in the section `target_features`: used, the length of the name, the name.
const VECTORS: &[u8] = b"+\x07simd128";

const HOOK: &[u8] = b"x-modgate-crash";

const CUSTOM: u8 = 0;
const IMPORTS: u8 = 2;
const EXPORTS_SECTION: u8 = 7;
const CODE: u8 = 10;
const DATA: u8 = 11;

/// What Envoy calls and this filter answers; the SDK exports more.
const EXPORTS: &[&str] = &[
    "malloc",
    "memory",
    "proxy_abi_version_0_2_1",
    "proxy_on_configure",
    "proxy_on_context_create",
    "proxy_on_delete",
    "proxy_on_done",
    "proxy_on_http_call_response",
    "proxy_on_log",
    "proxy_on_queue_ready",
    "proxy_on_request_body",
    "proxy_on_request_headers",
    "proxy_on_request_trailers",
    "proxy_on_response_body",
    "proxy_on_response_headers",
    "proxy_on_response_trailers",
    "proxy_on_vm_start",
];

/// Functions exposed by the host: github.com/proxy-wasm/spec, abi-versions/v0.2.1.
const HOST_FUNCTIONS: &[&str] = &[
    "proxy_add_header_map_value",
    "proxy_call_foreign_function",
    "proxy_close_stream",
    "proxy_continue_stream",
    "proxy_define_metric",
    "proxy_dequeue_shared_queue",
    "proxy_done",
    "proxy_enqueue_shared_queue",
    "proxy_get_buffer_bytes",
    "proxy_get_current_time_nanoseconds",
    "proxy_get_header_map_pairs",
    "proxy_get_header_map_size",
    "proxy_get_header_map_value",
    "proxy_get_log_level",
    "proxy_get_metric",
    "proxy_get_property",
    "proxy_get_shared_data",
    "proxy_get_status",
    "proxy_grpc_call",
    "proxy_grpc_cancel",
    "proxy_grpc_close",
    "proxy_grpc_send",
    "proxy_grpc_stream",
    "proxy_http_call",
    "proxy_increment_metric",
    "proxy_log",
    "proxy_record_metric",
    "proxy_register_shared_queue",
    "proxy_remove_header_map_value",
    "proxy_replace_header_map_value",
    "proxy_resolve_shared_queue",
    "proxy_send_local_response",
    "proxy_set_buffer_bytes",
    "proxy_set_effective_context",
    "proxy_set_header_map_pairs",
    "proxy_set_property",
    "proxy_set_shared_data",
    "proxy_set_tick_period_milliseconds",
];
