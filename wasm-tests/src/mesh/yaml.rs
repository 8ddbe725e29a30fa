//! Words that are one thing in YAML 1.1, which Kubernetes reads, and another in 1.2.

/// The plain scalars of `text` that the two read differently, each with the number of its line.
#[must_use]
pub fn ambiguous(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    // Lines that are further in than this are a block of text.
    let mut block: Option<usize> = None;
    for (n, line) in text.lines().enumerate() {
        let indent = line.len() - line.trim_start().len();
        if line.trim().is_empty() || block.is_some_and(|outside| indent > outside) {
            continue;
        }
        block = None;
        let bare = without_quotes(line);
        let end = bare.trim_end();
        if ["|", "|-", ">", ">-"].iter().any(|mark| end.ends_with(&format!(" {mark}"))) {
            block = Some(indent);
        }
        let words = bare.split([',', '[', ']', '{', '}']).flat_map(|part| part.split(": "));
        let words = words.map(|word| word.trim().trim_start_matches("- ").trim_end_matches(':').trim());
        found.extend(words.filter(|word| is_ambiguous(word)).map(|word| format!("{}: {word}", n + 1)));
    }
    found
}

/// A line with every quoted text as `""`, and without its comment.
fn without_quotes(line: &str) -> String {
    let mut bare = String::new();
    let mut quote = None;
    let mut before = ' ';
    for character in line.chars() {
        match quote {
            Some(mark) if character == mark && before != '\\' => {
                quote = None;
                bare.push('"');
            }
            Some(_) => {}
            None if character == '#' && before == ' ' => break,
            // Within a word an apostrophe is one.
            None if matches!(character, '"' | '\'') && !before.is_alphanumeric() => {
                quote = Some(character);
                bare.push('"');
            }
            None => bare.push(character),
        }
        before = character;
    }
    bare
}

fn is_ambiguous(word: &str) -> bool {
    let digits = |text: &str| {
        text.starts_with(|first: char| first.is_ascii_digit())
            && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_')
    };
    let number = word.trim_start_matches(['+', '-']);
    let truth = ["y", "n", "yes", "no", "on", "off"].contains(&word.to_ascii_lowercase().as_str());
    let truth_in_capitals = ["true", "false", "null"].contains(&word.to_ascii_lowercase().as_str()) && word != word.to_ascii_lowercase();
    let octal = number.len() > 1 && number.starts_with('0') && digits(number);
    let other_base = number.starts_with("0b") || number.starts_with("0o") || number.starts_with("0x");
    let grouped = digits(number) && number.contains('_');
    let sixties = number.contains(':') && number.split(':').all(digits);
    let date = number.len() >= 8 && number.contains('-') && number.split(['-', 'T', ':', 'Z']).all(|part| part.is_empty() || digits(part));
    truth || truth_in_capitals || octal || other_base || grouped || sixties || date || ["~", "=", "<<"].contains(&word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_kubernetes_reads_otherwise_are_found() {
        for text in [
            "mode: off", "- yes", "{a: No}", "[y]", "on: 1", "a: 0755", "a: 1_000", "a: 22:22", "a: 2001-01-01", "a: True", "a: ~",
            "a: |\n  off\nb: off", "a: 0o17",
        ] {
            assert_eq!(ambiguous(text).len(), 1, "{text}: {:?}", ambiguous(text));
        }
    }

    #[test]
    fn others_are_not() {
        for text in [
            "mode: \"off\"", "a: 'no'", "# off", "a: b # on: off", "a: |\n  off\n  no: yes\nb: 1", "a: true", "a: 8388608",
            "a: [goproxy, on-call]", "a: outbound|443||x", "it's: off-by-one", "a: 0s", "a: 8760h", "a: v1", "a: \"1:2\"", "a: 0",
        ] {
            assert!(ambiguous(text).is_empty(), "{text}: {:?}", ambiguous(text));
        }
    }
}
