//! The one call that must cost next to nothing: a raw function of integers, since a method of napi-derive costs ten times as much
//! (docs/adr/0011)

#![expect(
    unsafe_code,
    reason = "Node-API is a C interface; what each call needs is said beside it"
)]

use std::cell::RefCell;
use std::ffi::c_void;
use std::ptr;
use std::rc::Rc;

use flagstaff_core::NumberQuery;
use napi::bindgen_prelude::{FromNapiValue as _, Uint8Array, Unknown};
use napi::{Env, check_status, sys};

use crate::State;

const NAME: &str = "number";

/// A function `(flag, expected, context)` that answers [`State::number`]; it keeps the state alive
pub(crate) fn function(env: &Env, state: Rc<RefCell<State>>) -> napi::Result<Unknown<'_>> {
    let data = Rc::into_raw(state).cast_mut().cast::<c_void>();
    // SAFETY: `env` is the one that is calling us.
    unsafe { create(env, data) }.inspect_err(|_| {
        // SAFETY: where there is no function with a finalizer, nobody else gives `data` back.
        drop(unsafe { Rc::from_raw(data.cast::<RefCell<State>>()) });
    })
}

/// The function, which owns `data` from its finalizer on
unsafe fn create(env: &Env, data: *mut c_void) -> napi::Result<Unknown<'_>> {
    let mut function = ptr::null_mut();
    // SAFETY: the name lives for ever, and `data` until `release`.
    check_status!(unsafe {
        sys::napi_create_function(
            env.raw(),
            NAME.as_ptr().cast(),
            NAME.len().cast_signed(),
            Some(number),
            data,
            &raw mut function,
        )
    })?;
    // SAFETY: a function that was made just now is a value of `env`.
    let value = unsafe { Unknown::from_napi_value(env.raw(), function) }?;
    // SAFETY: the finalizer runs once, when nobody can call the function any more.
    check_status!(unsafe {
        sys::napi_add_finalizer(
            env.raw(),
            function,
            data,
            Some(release),
            ptr::null_mut(),
            ptr::null_mut(),
        )
    })?;
    Ok(value)
}

/// JavaScript's memory, to be written to
pub(crate) fn writable(memory: &mut Uint8Array) -> &mut [u8] {
    // SAFETY: JavaScript does not run while the slice is there, so that nobody else sees the memory.
    unsafe { memory.as_mut() }
}

/// Called by Node when the function is collected
unsafe extern "C" fn release(_env: sys::napi_env, data: *mut c_void, _hint: *mut c_void) {
    // SAFETY: `data` came out of `Rc::into_raw` in `function`, and comes back this once, on the thread of JavaScript.
    drop(unsafe { Rc::from_raw(data.cast::<RefCell<State>>()) });
}

/// Called by JavaScript
///
/// The statuses say nothing that is needed: what could not be read or made is left as it was, a number that no flag has or no value.
unsafe extern "C" fn number(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    let mut arguments = [ptr::null_mut(); 3];
    let mut count = arguments.len();
    let mut data = ptr::null_mut();
    // SAFETY: `arguments` has room for `count` values, of which those not given become `undefined`.
    unsafe {
        sys::napi_get_cb_info(
            env,
            info,
            &raw mut count,
            arguments.as_mut_ptr(),
            ptr::null_mut(),
            &raw mut data,
        );
    }
    let [flag, expected, context] = arguments.map(|argument| {
        let mut integer = u32::MAX;
        // SAFETY: `argument` is a value of `env`; one that is no number leaves the integer as it is.
        unsafe { sys::napi_get_value_uint32(env, argument, &raw mut integer) };
        integer
    });
    let query = NumberQuery {
        flag,
        expected,
        context,
    };
    // SAFETY: `data` is that of `function`, which is alive while it is being called.
    let state = unsafe { &*data.cast::<RefCell<State>>() };
    let answer = state.try_borrow().map_or(-1, |state| state.number(query));
    let mut result = ptr::null_mut();
    // SAFETY: `result` is a place for one value.
    unsafe { sys::napi_create_int32(env, answer, &raw mut result) };
    result
}
