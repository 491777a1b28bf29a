//! The functions of `f64`, which are those of libm.

/// `floor`
#[unsafe(no_mangle)]
pub extern "C" fn ks_floor(x: f64) -> f64 {
    x.floor()
}

/// `ceil`
#[unsafe(no_mangle)]
pub extern "C" fn ks_ceil(x: f64) -> f64 {
    x.ceil()
}

/// `sqrt`
#[unsafe(no_mangle)]
pub extern "C" fn ks_sqrt(x: f64) -> f64 {
    x.sqrt()
}

/// `log`
#[unsafe(no_mangle)]
pub extern "C" fn ks_log(x: f64) -> f64 {
    x.ln()
}

/// `pow`
#[unsafe(no_mangle)]
pub extern "C" fn ks_pow(x: f64, y: f64) -> f64 {
    x.powf(y)
}

/// `abs`
#[unsafe(no_mangle)]
pub extern "C" fn ks_abs(x: f64) -> f64 {
    x.abs()
}
