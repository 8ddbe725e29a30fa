//! The paths that a source file names, with their lines.

use std::iter::Peekable;

use proc_macro2::{Delimiter, TokenStream, TokenTree, token_stream::IntoIter};

/// A path in a source file, `crate` and `super` resolved: `["crate", "http", "Headers"]`, `["std", "fs"]`, `["println!"]`.
pub(crate) struct Named {
    pub(crate) path: Vec<String>,
    pub(crate) line: usize,
}

/// Every path of `text`, which is the module `module`, but for what stands under `#[cfg(test)]`.
pub(crate) fn named(module: &[String], text: &str) -> Vec<Named> {
    let tokens: TokenStream = text.parse().unwrap_or_else(|error| panic!("{}: {error}", module.join("::")));
    let mut found = Vec::new();
    walk(tokens, module, &mut found);
    found
}

fn walk(tokens: TokenStream, module: &[String], found: &mut Vec<Named>) {
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Punct(punct) if punct.as_char() == '#' => {
                if let Some(TokenTree::Group(attribute)) = tokens.peek()
                    && attribute.stream().to_string().replace(' ', "") == "cfg(test)"
                {
                    tokens.next();
                    skip_item(&mut tokens);
                }
            }
            TokenTree::Ident(ident) if ident == "mod" => {
                let name = tokens.next_if(|token| matches!(token, TokenTree::Ident(_)));
                let body = tokens.next_if(|token| matches!(token, TokenTree::Group(_)));
                if let (Some(name), Some(TokenTree::Group(body))) = (name, body) {
                    let mut inner = module.to_vec();
                    inner.push(name.to_string());
                    walk(body.stream(), &inner, found);
                }
            }
            TokenTree::Ident(ident) => {
                let start = begin(&ident.to_string(), module);
                follow(start, ident.span().start().line, &mut tokens, found);
            }
            TokenTree::Group(group) => walk(group.stream(), module, found),
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
}

/// Goes on along `::` from a path's first name, into braces and out at every end.
fn follow(mut path: Vec<String>, mut line: usize, tokens: &mut Peekable<IntoIter>, found: &mut Vec<Named>) {
    while is_punct(tokens, ':') {
        let mut ahead = tokens.clone();
        ahead.next();
        if !is_punct(&mut ahead, ':') {
            break;
        }
        ahead.next();
        match ahead.peek() {
            Some(TokenTree::Ident(next)) => {
                line = next.span().start().line;
                extend(&mut path, &next.to_string());
                ahead.next();
                *tokens = ahead;
            }
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                let mut inner = group.stream().into_iter().peekable();
                while let Some(token) = inner.next() {
                    if let TokenTree::Ident(ident) = token {
                        let mut path = path.clone();
                        extend(&mut path, &ident.to_string());
                        follow(path, ident.span().start().line, &mut inner, found);
                    }
                }
                ahead.next();
                *tokens = ahead;
                return;
            }
            Some(TokenTree::Punct(glob)) if glob.as_char() == '*' => {
                extend(&mut path, "*");
                ahead.next();
                *tokens = ahead;
                break;
            }
            // The angle bracket of a generic argument.
            _ => break,
        }
    }
    if is_punct(tokens, '!') && path.len() == 1 {
        path[0].push('!');
    }
    found.push(Named { path, line });
}

/// The first name of a path: `super` is the module above, `self` this one.
fn begin(name: &str, module: &[String]) -> Vec<String> {
    let above = module.len().saturating_sub(usize::from(name == "super"));
    match name {
        "super" | "self" => std::iter::once("crate")
            .chain(module[..above].iter().map(String::as_str))
            .map(str::to_owned)
            .collect(),
        _ => vec![name.to_owned()],
    }
}

fn extend(path: &mut Vec<String>, name: &str) {
    match name {
        "super" => drop(path.pop()),
        "self" => {}
        _ => path.push(name.to_owned()),
    }
}

fn is_punct(tokens: &mut Peekable<IntoIter>, wanted: char) -> bool {
    matches!(tokens.peek(), Some(TokenTree::Punct(punct)) if punct.as_char() == wanted)
}

/// Up to and with the body or the semicolon that ends an item.
fn skip_item(tokens: &mut Peekable<IntoIter>) {
    for token in tokens.by_ref() {
        match token {
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => break,
            TokenTree::Punct(punct) if punct.as_char() == ';' => break,
            _ => {}
        }
    }
}
