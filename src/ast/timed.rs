//! Functions of user space that the `main` calls by itself: each so many milliseconds (`@interval(1000)`), or before it ends (`@end`).

use super::{Attribute, ExprKind, File, Item, ItemKind};

/// The attribute of what is called again and again.
pub const INTERVAL: &str = "interval";
/// The attribute of what is called before the end.
pub const END: &str = "end";
/// The longest interval, in milliseconds: 49 days.
const LONGEST: u64 = u32::MAX as u64;

/// A function that is called again and again.
pub struct Interval<'a> {
    pub name: &'a str,
    pub ms: u64,
}

/// The functions with an interval, in order of the text.
pub fn intervals(tree: &File) -> Vec<Interval<'_>> {
    let named = tree.items.iter().filter_map(|item| Some((function(item)?, attribute(item, INTERVAL)?)));
    named.filter_map(|(name, attribute)| Some(Interval { name, ms: milliseconds(attribute)? })).collect()
}

/// The functions that are called before the end, in order of the text.
pub fn ends(tree: &File) -> Vec<&str> {
    let items = tree.items.iter().filter(|item| attribute(item, END).is_some());
    items.filter_map(function).collect()
}

/// Whether the attribute says that the `main` calls the function by itself.
pub fn is_timed_by(attribute: &Attribute) -> bool {
    [INTERVAL, END].contains(&attribute.name.name.as_str())
}

fn function(item: &Item) -> Option<&str> {
    if let ItemKind::Fn(decl) = &item.kind { Some(&decl.name.name) } else { None }
}

fn attribute<'a>(item: &'a Item, name: &str) -> Option<&'a Attribute> {
    item.attributes.iter().find(|attribute| attribute.name.name == name)
}

/// The number that `@interval(1000)` has; none if it is none that a timer can have.
pub fn milliseconds(attribute: &Attribute) -> Option<u64> {
    let [arg] = attribute.args.as_deref()? else { return None };
    let ExprKind::Int(literal) = &arg.value.kind else { return None };
    Some(literal.value).filter(|ms| arg.name.is_none() && !literal.negative && (1..=LONGEST).contains(ms))
}
