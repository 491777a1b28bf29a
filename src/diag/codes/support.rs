//! E06: support.

use super::codes;

codes! {
}
