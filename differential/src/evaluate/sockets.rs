//! Sockets that programs look up: one listens, see the sockets of the library.

use super::value::{self, Object, Place, Value};
use super::{Machine, Run, Stop};
use differential::sockets::{FIELDS, PORT};
use ksc::types::{Ty, TyKind};

const CURRENT_NETNS: i128 = -1;

struct Socket {
    value: Value,
    is_owned: bool,
}

#[derive(Default)]
pub struct Sockets {
    all: Vec<Socket>,
}

impl Sockets {
    pub fn clear(&mut self) {
        self.all.clear();
    }

    fn owned(&mut self, at: usize) -> Run<&mut Socket> {
        self.all.get_mut(at).filter(|socket| socket.is_owned).ok_or(Stop::Unknown("a socket that is not owned"))
    }

    pub fn at(&mut self, at: usize) -> Run<&mut Value> {
        Ok(&mut self.owned(at)?.value)
    }
}

impl Machine<'_> {
    /// A helper of the kernel by its name; `ty` is what it yields.
    pub(super) fn helper(&mut self, name: &str, args: &[Value], ty: Ty) -> Run<Value> {
        match (name, args) {
            ("bpf_sk_lookup_tcp" | "bpf_skc_lookup_tcp", [_, Value::Pointer(Some(tuple)), size, netns, flags]) => {
                let tuple = self.load(tuple)?;
                let is_ipv4 = size.number() == 12;
                // The first field of the union, and of that the port of the destination.
                let port = tuple.part(0).part(3).number();
                let namespace = netns.number() as i32;
                let is_here = i128::from(namespace) == CURRENT_NETNS && flags.number() == 0;
                self.lookups.0 += 1;
                if !is_ipv4 || !is_here || port != i128::from(PORT) {
                    return Ok(Value::Pointer(None));
                }
                self.lookups.1 += 1;
                let value = self.listener(ty)?;
                self.sockets.all.push(Socket { value, is_owned: true });
                let object = Object::Socket(self.sockets.all.len() - 1);
                Ok(Value::Pointer(Some(Place { object, path: Vec::new() })))
            }
            ("bpf_sk_release", [Value::Pointer(Some(Place { object: Object::Socket(at), .. }))]) => {
                self.sockets.owned(*at)?.is_owned = false;
                Ok(Value::Int(0))
            }
            // The same socket: the life of the view is its own.
            ("bpf_sk_fullsock", [socket]) => Ok(socket.clone()),
            _ => Err(Stop::Unknown("a helper")),
        }
    }

    /// The fields of the socket that listens.
    fn listener(&self, pointer: Ty) -> Run<Value> {
        let TyKind::Ptr { to, .. } = self.types.kind(pointer) else { return Err(Stop::Unknown("no pointer")) };
        let TyKind::Struct(id) = self.types.kind(to) else { return Err(Stop::Unknown("no struct")) };
        let mut value = value::zero(self.types, to);
        for (name, number) in FIELDS {
            let field = self.types.struct_def(id).field(name).ok_or(Stop::Unknown("a field of a socket"))?;
            *value.part_mut(field) = Value::Int(number);
        }
        Ok(value)
    }
}
