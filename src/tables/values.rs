//! The methods of values that have no fields (`ir-specs/value_methods.toml`).

use super::{MethodOwner, VALUE_METHODS, ValueMethod, ValueMethodSpec};

impl MethodOwner {
    /// The receiver in the words of messages.
    pub fn words(self) -> &'static str {
        match self {
            MethodOwner::Context => "a context",
            MethodOwner::View => "a `bytes`",
            MethodOwner::Packet => "a `Packet`",
            MethodOwner::Network => "a number in network byte order",
        }
    }

    /// The methods, in the order of the table.
    pub fn methods(self) -> impl Iterator<Item = &'static ValueMethodSpec> {
        VALUE_METHODS.iter().filter(move |spec| spec.of == self)
    }

    /// The method of a name; none: there is no such.
    pub fn method(self, name: &str) -> Option<ValueMethod> {
        self.methods().find(|spec| spec.word() == name).map(|spec| spec.method)
    }

    /// The forms of all methods, for the help of a message.
    pub fn forms(self) -> String {
        self.methods().map(|spec| format!("`{}`", spec.form)).collect::<Vec<_>>().join(", ")
    }
}

impl ValueMethodSpec {
    /// The name as programs write it.
    pub fn word(&self) -> &'static str {
        self.form.split('(').next().unwrap_or(self.form)
    }
}
