//! Values, and where they are.

use super::text;
use ksc::sema::tree::Const;
use ksc::types::{Ty, TyKind, Types};

/// What has an address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Object {
    /// Index into the machine's variables: the globals, the configs, then the locals of all running functions.
    Variable(usize),
    /// Index into the values of all maps.
    Entry(usize),
    /// Index into the records of ring buffers.
    Record(usize),
    /// Index into the sockets that were looked up.
    Socket(usize),
    /// The context of the program that runs.
    Context,
    /// A value of the type in the packet, so many bytes behind its start.
    Packet { at: usize, ty: Ty },
}

/// A place: an object, and which field or element of it, level by level.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    pub object: Object,
    pub path: Vec<usize>,
}

/// Bytes that are somewhere else, from `start` to before `end`.
#[derive(Clone, PartialEq, Debug)]
pub struct View {
    pub of: Viewed,
    pub start: usize,
    pub end: usize,
}

#[derive(Clone, PartialEq, Debug)]
pub enum Viewed {
    Packet,
    /// Those after the value of a record.
    Tail(usize),
    /// A value of the type.
    Place(Place, Ty),
    Constant(Vec<u8>),
}

/// What an expression that can be left of `=` names.
pub enum Target {
    Place(Place),
    /// A byte of a view.
    Byte(View, usize),
    /// An element out of range: reads zero, and what is written to it is lost.
    Nowhere,
}

#[derive(Clone, PartialEq, Debug)]
pub enum Value {
    /// Nothing: of what has no result.
    Void,
    /// Integers, chars, enums; of `be` types the number that they mean.
    Int(i128),
    Bool(bool),
    Struct(Vec<Value>),
    Array(Vec<Value>),
    /// All bytes of the string's type, the NUL and what is behind it too.
    Str(Vec<u8>),
    /// None is null.
    Pointer(Option<Place>),
    View(View),
}

impl Value {
    /// The number that it is.
    pub fn number(&self) -> i128 {
        match self {
            Value::Int(number) => *number,
            Value::Bool(truth) => i128::from(*truth),
            Value::Void | Value::Struct(_) | Value::Array(_) | Value::Str(_) | Value::Pointer(_) | Value::View(_) => {
                panic!("{self:?} is used as a number")
            }
        }
    }

    /// The number, of a value that is an integer.
    pub fn int(&self) -> Option<i128> {
        if let Value::Int(number) = self { Some(*number) } else { None }
    }

    pub fn truth(&self) -> bool {
        match self {
            Value::Bool(truth) => *truth,
            Value::Int(number) => *number != 0,
            Value::Pointer(pointer) => pointer.is_some(),
            Value::Str(bytes) => bytes.first().is_some_and(|&b| b != 0),
            Value::Void | Value::Struct(_) | Value::Array(_) | Value::View(_) => {
                panic!("{self:?} is used as a condition")
            }
        }
    }

    /// Of an array.
    pub fn length(&self) -> usize {
        match self {
            Value::Array(elements) => elements.len(),
            Value::Void
            | Value::Int(_)
            | Value::Bool(_)
            | Value::Struct(_)
            | Value::Str(_)
            | Value::Pointer(_)
            | Value::View(_) => panic!("{self:?} has no elements"),
        }
    }

    /// The field or element of this number.
    pub fn part(&self, at: usize) -> &Value {
        match self {
            Value::Struct(parts) | Value::Array(parts) => &parts[at],
            Value::Void | Value::Int(_) | Value::Bool(_) | Value::Str(_) | Value::Pointer(_) | Value::View(_) => {
                panic!("{self:?} has no parts")
            }
        }
    }

    pub fn part_mut(&mut self, at: usize) -> &mut Value {
        match self {
            Value::Struct(parts) | Value::Array(parts) => &mut parts[at],
            Value::Void | Value::Int(_) | Value::Bool(_) | Value::Str(_) | Value::Pointer(_) | Value::View(_) => {
                panic!("{self:?} has no parts")
            }
        }
    }
}

/// What a variable without initialiser holds.
pub fn zero(types: &Types, ty: Ty) -> Value {
    match types.kind(ty) {
        TyKind::Bool => Value::Bool(false),
        TyKind::Int { .. } | TyKind::Be { .. } | TyKind::Char | TyKind::Enum(_) => Value::Int(0),
        TyKind::Str(size) => Value::Str(vec![0; size as usize]),
        TyKind::Array(of, length) => Value::Array(vec![zero(types, of); length as usize]),
        TyKind::Struct(id) => Value::Struct(types.struct_def(id).fields.iter().map(|f| zero(types, f.ty)).collect()),
        TyKind::Ptr { .. } | TyKind::Null | TyKind::Fn(_) | TyKind::Opt(_) | TyKind::Place { .. } => {
            Value::Pointer(None)
        }
        TyKind::Void | TyKind::F64 | TyKind::Handle(_) | TyKind::Link | TyKind::Bytes | TyKind::Error => Value::Void,
    }
}

/// A constant of the tree, as a value of its type.
pub fn constant(types: &Types, constant: &Const, ty: Ty) -> Value {
    match constant {
        Const::Int(number) => Value::Int(*number),
        Const::Bool(truth) => Value::Bool(*truth),
        Const::Null => Value::Pointer(None),
        Const::Zero => zero(types, ty),
        Const::Str(bytes) => text::stored(bytes, types.size_of(ty)),
        Const::Struct(values) => {
            let TyKind::Struct(id) = types.kind(ty) else { panic!("a struct constant of another type") };
            let fields = &types.struct_def(id).fields;
            Value::Struct(values.iter().zip(fields).map(|(v, f)| self::constant(types, v, f.ty)).collect())
        }
        Const::Array(values) => {
            let TyKind::Array(of, _) = types.kind(ty) else { panic!("an array constant of another type") };
            Value::Array(values.iter().map(|v| self::constant(types, v, of)).collect())
        }
        Const::Float(_) | Const::Func(_) => Value::Void,
    }
}
