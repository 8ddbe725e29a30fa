use super::*;

fn read(set: &[(&str, &str)]) -> Result<Settings, String> {
    let dir = tempfile::tempdir().unwrap();
    Settings::from_vars(|name| {
        let given = set.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        given.or_else(|| name.ends_with("_DIR").then(|| dir.path().to_str().unwrap().to_owned()))
    })
}

#[test]
fn nothing_set_is_the_sample_on_loopback() {
    let settings = read(&[("UPSTREAM", ""), ("PORT", " ")]).unwrap();
    assert!(settings.upstream.is_none() && settings.sumdb.is_none() && settings.ca_file.is_none());
    assert_eq!(settings.url(), "http://127.0.0.1:10000");
    assert_eq!(settings.admin().to_string(), "127.0.0.1:9901");
    assert_eq!(settings.client()[1], ("GOSUMDB", "off".to_owned()));
}

#[test]
fn a_checksum_database() {
    let key = "sum.example.com/x+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh";
    let settings = read(&[("SUMDB", &format!("{key} http://127.0.0.1:7/db"))]).unwrap();
    let sumdb = settings.sumdb.clone().unwrap();
    assert_eq!((sumdb.name.as_str(), sumdb.key.as_str()), ("sum.example.com/x", key));
    assert_eq!(sumdb.url.to_string(), "http://127.0.0.1:7/db");
    assert_eq!(settings.client()[1], ("GOSUMDB", key.to_owned()));
}

#[test]
fn an_address_for_everybody_is_shown_as_this_machine_s() {
    assert_eq!(read(&[("LISTEN", "0.0.0.0"), ("PORT", "8")]).unwrap().url(), "http://127.0.0.1:8");
    assert_eq!(read(&[("LISTEN", "::"), ("PORT", "8")]).unwrap().url(), "http://[::1]:8");
}

#[test]
fn wrong_values_name_their_variable_in_one_line() {
    for (name, value) in [
        ("UPSTREAM", "proxy.golang.org"),
        ("UPSTREAM", "https://"),
        ("SUMDB", "sum.golang.org"),
        ("SUMDB", "sum.golang.org+033de0ae http://a"),
        ("SUMDB", "sum.golang.org+zz+key http://a"),
        ("SUMDB", "sum.golang.org+033de0ae+key sum.golang.org"),
        ("LISTEN", "localhost"),
        ("PORT", "0"),
        ("PORT", "65536"),
        ("PORT", "9901"),
        ("ADMIN_PORT", "admin"),
        ("WORKERS", "0"),
        ("WORKERS", "65"),
        ("STORAGE_DIR", "/dev/null/store"),
        ("RUN_DIR", "/dev/null"),
        ("CONFIG", "{\"upstreams\":"),
        ("CONFIG", "/no/such/file.json"),
        ("CONFIG", "/dev/null"),
        ("PROOF_MODULE", "example.com/hello"),
        ("PROOF_MODULE", "example.com/hello@"),
    ] {
        let error = read(&[(name, value)]).unwrap_err();
        assert!(error.contains(name) && !error.contains('\n'), "{name}={value}: {error}");
    }
    let error = read(&[("UPSTREAM", "https://a"), ("CA_FILE", "/no/such.pem")]).unwrap_err();
    assert!(error.contains("CA_FILE"), "{error}");
}

#[test]
fn a_file_of_configuration() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("more.json");
    fs::write(&file, "{\"admin\": {\"path_prefix\": \"/-/x/\"}}").unwrap();
    let settings = read(&[("CONFIG", file.to_str().unwrap())]).unwrap();
    assert_eq!(settings.config["admin"]["path_prefix"], "/-/x/");
}
