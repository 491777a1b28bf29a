//! Whether a function has the parameters that a program declares.

/// A function: its parameters with their names, and its result.
pub struct Prototype {
    pub params: Vec<(String, Value)>,
    pub result: Value,
}

/// What a parameter or a result is for programs.
pub struct Value {
    /// As programs write the type.
    pub text: String,
    form: Form,
}

enum Form {
    Nothing,
    /// So many bytes.
    Number(u32),
    Pointer,
    /// A struct of so many bytes.
    Whole(u32),
}

/// What a parameter points to where the program wants any pointer.
const ANY: [&str; 4] = ["u8", "i8", "char", "void"];
/// A last parameter of this name is what the function returned.
const RESULT: &str = "ret";
/// Numbers as wide as a register.
const WORDS: [&str; 2] = ["u64", "i64"];
/// A result that is read as it is in the register.
const REGISTER: &str = "u64";
/// Separates the name of a struct of the kernel and that of a flavour (`bpf_core_essential_name_len` of libbpf).
const FLAVOUR: &str = "___";

impl Value {
    /// Of a function that returns nothing, and what is no value.
    pub fn nothing() -> Value {
        Value { text: "void".to_owned(), form: Form::Nothing }
    }

    /// A number of so many bytes.
    pub fn number(text: String, bytes: u32) -> Value {
        Value { text, form: Form::Number(bytes) }
    }

    /// A pointer; what has no name is bytes.
    pub fn pointer(to: &Value) -> Value {
        let named = !to.text.is_empty() && !ANY.contains(&to.text.as_str());
        Value { text: format!("*{}", if named { &to.text } else { ANY[0] }), form: Form::Pointer }
    }

    /// A struct that is passed by value.
    pub fn whole(text: String, bytes: u32) -> Value {
        Value { text, form: Form::Whole(bytes) }
    }

    /// Makes a pointer to a context one to what the kernel has for it.
    pub fn as_in_kernel(&mut self, contexts: &[(String, String)]) {
        if let Some((_, kernel)) = contexts.iter().find(|(seen, _)| self.text.strip_prefix('*') == Some(seen)) {
            self.text = format!("*{kernel}");
        }
    }

    /// Whether it has one word of the arguments.
    fn is_word(&self) -> bool {
        match self.form {
            Form::Nothing => false,
            Form::Number(bytes) | Form::Whole(bytes) => bytes <= 8,
            Form::Pointer => true,
        }
    }

    fn fits(&self, declared: &str) -> bool {
        if let Some(to) = declared.strip_prefix('*') {
            let to = to.trim_start_matches("user ").trim_end_matches('?');
            let to = to.split(FLAVOUR).next().unwrap_or(to);
            return matches!(self.form, Form::Pointer)
                && (ANY.contains(&to) || self.text.strip_prefix('*') == Some(to));
        }
        match self.form {
            Form::Number(bytes) | Form::Whole(bytes) => declared == self.text || width(declared) == Some(bytes),
            Form::Nothing | Form::Pointer => false,
        }
    }
}

/// The bytes of a number, by its type.
fn width(ty: &str) -> Option<u32> {
    if ty == "bool" {
        return Some(1);
    }
    ty.strip_prefix(['u', 'i'])?.parse::<u32>().ok().map(|bits| bits / 8)
}

impl Prototype {
    /// Whether a program with these parameters, `sk: *sock, ret: i32`, can be at the function. `words`: it may take each value as a number of
    /// 64 bits.
    pub fn fits(&self, takes: &str, words: bool) -> bool {
        let declared: Vec<(&str, &str)> = takes.split(", ").filter_map(|one| one.split_once(": ")).collect();
        let (result, params) = match declared.split_last() {
            Some(((RESULT, result), params)) => (Some(*result), params),
            Some(_) | None => (None, &declared[..]),
        };
        let are_words = self.params.iter().take(params.len()).all(|(_, value)| value.is_word());
        let fit =
            |((_, ty), (_, value)): (&(&str, &str), &(String, Value))| value.fits(ty) || words && WORDS.contains(ty);
        let returned = result.is_none_or(|ty| self.result.fits(ty) || ty == REGISTER && self.result.is_word());
        params.len() <= self.params.len() && are_words && params.iter().zip(&self.params).all(fit) && returned
    }

    /// Whether what a program returns, in 32 bits, can be the result.
    pub fn is_replaceable(&self) -> bool {
        match self.result.form {
            Form::Nothing => true,
            Form::Number(bytes) => bytes <= 4,
            Form::Pointer | Form::Whole(_) => false,
        }
    }

    /// As a program declares it.
    pub fn text(&self) -> String {
        let param = |(at, (name, value)): (usize, &(String, Value))| match name.as_str() {
            "" => format!("arg{at}: {}", value.text),
            name => format!("{name}: {}", value.text),
        };
        let params: Vec<String> = self.params.iter().enumerate().map(param).collect();
        let result =
            if matches!(self.result.form, Form::Nothing) { String::new() } else { format!(" -> {}", self.result.text) };
        format!("({}){result}", params.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sendmsg() -> Prototype {
        let to = |name: &str| Value::pointer(&Value::whole(name.to_owned(), 100));
        let params = vec![
            ("sk".to_owned(), to("sock")),
            ("msg".to_owned(), to("msghdr")),
            ("size".to_owned(), Value::number("u64".to_owned(), 8)),
        ];
        Prototype { params, result: Value::number("i32".to_owned(), 4) }
    }

    #[test]
    fn what_fits() {
        for takes in
            ["", "sk: *sock", "a: *u8, b: *msghdr___old, c: i64", "sk: *sock, ret: i32", "ret: u64", "ret: u32"]
        {
            assert!(sendmsg().fits(takes, false), "{takes}");
        }
        assert!(sendmsg().fits("a: u64, b: i64", true));
    }

    #[test]
    fn what_does_not() {
        for takes in
            ["sk: *inode", "sk: u64", "a: *sock, b: *msghdr, c: u32", "ret: i64", "a: *u8, b: *u8, c: u64, d: u64"]
        {
            assert!(!sendmsg().fits(takes, false), "{takes}");
        }
        let void = Prototype { params: Vec::new(), result: Value::nothing() };
        assert!(!void.fits("ret: u64", true) && void.fits("", false));
    }

    #[test]
    fn what_can_be_replaced() {
        let of = |result| Prototype { params: Vec::new(), result };
        assert!(sendmsg().is_replaceable() && of(Value::nothing()).is_replaceable());
        assert!(!of(Value::number("i64".to_owned(), 8)).is_replaceable());
    }

    #[test]
    fn how_it_is_shown() {
        assert_eq!(sendmsg().text(), "(sk: *sock, msg: *msghdr, size: u64) -> i32");
    }
}
