//! A build where there is no way out.

use std::fs;

use serde_json::json;

use super::{Site, Store};

const PROGRAM: &str = r#"package main

import (
	"fmt"

	"example.com/hello"
	v2 "example.com/hello/v2"
)

func main() { fmt.Println(hello.To("nobody"), v2.With("", "nobody")) }
"#;

#[test]
fn a_program_is_written_tidied_built_and_installed() {
    for store in [Store::files(), Store::objects()] {
        let site = Site::filled(store, &json!({}), 2);
        let heard = site.heard();
        let envoy = site.offline();

        // Which modules its packages are of, go finds out by asking for every path above them.
        let go = site.go(&envoy);
        fs::write(go.work().join("main.go"), PROGRAM).unwrap();
        go.run(&["mod", "tidy"]).expect_ok();
        go.run(&["build", "-o", "program", "."]).expect_ok();
        go.run(&["mod", "verify"]).expect_ok();
        let go_mod = fs::read_to_string(go.work().join("go.mod")).unwrap();
        for required in ["example.com/hello v1.1.0", "example.com/hello/v2 v2.0.0"] {
            assert!(go_mod.contains(required), "{go_mod}");
        }
        let go_sum = fs::read(go.work().join("go.sum")).unwrap();

        // Another machine, on which the two files are all that there is.
        let ci = site.go(&envoy).env("GOFLAGS", "-mod=readonly");
        for (file, content) in [("main.go", PROGRAM.into()), ("go.mod", go_mod.into()), ("go.sum", go_sum)] {
            fs::write(ci.work().join(file), content).unwrap();
        }
        ci.run(&["build", "-o", "program", "."]).expect_ok();
        assert!(ci.work().join("program").exists());
        ci.install("example.com/greet@latest").expect_ok();
        assert!(ci.bin().join("greet").exists());
        assert_eq!(site.heard(), heard);
    }
}
