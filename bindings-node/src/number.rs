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
use std::slice;

use flagstaff_core::NumberQuery;
use napi::bindgen_prelude::{FromNapiValue as _, JsValue as _, Unknown};
use napi::{Env, check_status, sys};

use crate::State;

const NAME: &str = "number";

/// A function `(flag, expected, context, memory)` that answers [`flagstaff_core::TextReplica::number`]; it keeps the state alive
///
/// The memory is given with each call and looked up in it: JavaScript may transfer it to another thread between two calls, and then
/// the bytes are not there any more.
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

/// Hands over JavaScript's memory for the time of a call; `None` where there is none
pub(crate) fn with_memory<T>(
    env: &Env,
    memory: Unknown<'_>,
    work: impl FnOnce(&mut [u8]) -> T,
) -> Option<T> {
    // SAFETY: the value is one of `env`, and `work` does not call JavaScript.
    unsafe { bytes(env.raw(), memory.raw()) }.map(work)
}

/// The bytes of a `Uint8Array` that is neither empty, nor transferred, nor shared with other threads
///
/// # Safety
///
/// JavaScript must not run while the bytes are in use.
unsafe fn bytes<'call>(env: sys::napi_env, value: sys::napi_value) -> Option<&'call mut [u8]> {
    let (mut kind, mut length, mut offset) = (0, 0, 0);
    let (mut data, mut buffer) = (ptr::null_mut(), ptr::null_mut());
    let mut is_own = false;
    // SAFETY: each place is of the type that Node writes to; what is no typed array is refused by a status.
    let is_read = unsafe {
        sys::napi_get_typedarray_info(
            env,
            value,
            &raw mut kind,
            &raw mut length,
            &raw mut data,
            &raw mut buffer,
            &raw mut offset,
        ) == sys::Status::napi_ok
            // A `SharedArrayBuffer` is none: other threads may write to it at any time.
            && sys::napi_is_arraybuffer(env, buffer, &raw mut is_own) == sys::Status::napi_ok
    };
    let is_fit = is_read && is_own && kind == sys::TypedarrayType::uint8_array;
    if !is_fit || length == 0 || data.is_null() {
        return None;
    }
    // SAFETY: Node says that the array has so many bytes there, which live as long as JavaScript does not run, and are ours for so long.
    Some(unsafe { slice::from_raw_parts_mut(data.cast::<u8>(), length) })
}

/// Called by Node when the function is collected
unsafe extern "C" fn release(_env: sys::napi_env, data: *mut c_void, _hint: *mut c_void) {
    // SAFETY: `data` came out of `Rc::into_raw` in `function`, and comes back this once, on the thread of JavaScript.
    drop(unsafe { Rc::from_raw(data.cast::<RefCell<State>>()) });
}

/// Called by JavaScript
///
/// The other statuses say nothing that is needed: what could not be read or made is left as it was, a number that no flag has or no value.
unsafe extern "C" fn number(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    let mut arguments = [ptr::null_mut(); 4];
    let mut count = arguments.len();
    let mut data = ptr::null_mut();
    // SAFETY: `arguments` has room for `count` values, of which those not given become `undefined`.
    let status = unsafe {
        sys::napi_get_cb_info(
            env,
            info,
            &raw mut count,
            arguments.as_mut_ptr(),
            ptr::null_mut(),
            &raw mut data,
        )
    };
    if status != sys::Status::napi_ok || data.is_null() {
        return ptr::null_mut();
    }
    let [flag, expected, context, memory] = arguments;
    let [flag, expected, context] = [flag, expected, context].map(|argument| {
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
    // SAFETY: nothing below calls JavaScript.
    let memory = unsafe { bytes(env, memory) };
    let answer = match (state.try_borrow(), memory) {
        (Ok(state), Some(memory)) => state.replica.number(query, memory),
        // Without memory there is no instant, and no context that is not kept: it is to be asked in text.
        _ => -1,
    };
    let mut result = ptr::null_mut();
    // SAFETY: `result` is a place for one value.
    unsafe { sys::napi_create_int32(env, answer, &raw mut result) };
    result
}
