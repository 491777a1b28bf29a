//! Programs at the entry and at the return of a function, which share what the first keeps in a map.

use super::attached::Attached;
use super::form::Form;
use super::request::Request;
use super::{loaded_for, traced};
use crate::kernel::errors::Failure;
use crate::object::load;

/// The form `session`.
#[unsafe(no_mangle)]
pub static ks_form_session: Form = attach;

/// The program at the return comes first: so each call that the first program sees is one that the second sees too.
pub fn attach(request: &Request) -> Result<Box<dyn Attached>, Failure> {
    if loaded_for::is_late(request.handle) {
        return traced::attach(request);
    }
    let name = loaded_for::own_target(request, "a program on a function")?;
    let at_return = loaded_for::open_at(load::at_return(request.handle), &name)?;
    let at_entry = loaded_for::open_at(request.fd, &name)?;
    Ok(Box::new(Session { at_entry, at_return }))
}

struct Session {
    at_entry: Box<dyn Attached>,
    at_return: Box<dyn Attached>,
}

impl Attached for Session {
    fn detach(self: Box<Self>) -> i32 {
        let results = [self.at_entry.detach(), self.at_return.detach()];
        results.into_iter().find(|result| *result != 0).unwrap_or(0)
    }
}
