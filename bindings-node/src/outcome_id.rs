//! The function `outcomeId`: a raw function of integers, since a method of napi-derive costs ten times as much (docs/adr/0011)

#![expect(
    unsafe_code,
    reason = "Node-API is a C interface; the requirements of each call are stated beside it"
)]

use std::cell::RefCell;
use std::ffi::c_void;
use std::ptr;
use std::rc::Rc;
use std::slice;

use flagstaff_js::OutcomeIdQuery;
use napi::bindgen_prelude::{FromNapiValue as _, JsValue as _, Unknown};
use napi::{Env, check_status, sys};

use crate::State;

const NAME: &str = "outcomeId";

/// A function `(flag, expected, context, memory)` that returns [`flagstaff_js::JsonReplica::outcome_id`]; it owns a reference to the state
///
/// The memory is an argument and looked up in each call: JavaScript may transfer it to another thread between two calls, and then its bytes
/// do not exist any more.
pub(crate) fn function(env: &Env, state: Rc<RefCell<State>>) -> napi::Result<Unknown<'_>> {
    let data = Rc::into_raw(state).cast_mut().cast::<c_void>();
    // SAFETY: `env` is the one that is calling us.
    unsafe { create(env, data) }.inspect_err(|_| {
        // SAFETY: without a function and its finalizer, nothing else releases `data`.
        drop(unsafe { Rc::from_raw(data.cast::<RefCell<State>>()) });
    })
}

/// The function, which owns `data` once it has a finalizer
unsafe fn create(env: &Env, data: *mut c_void) -> napi::Result<Unknown<'_>> {
    let mut function = ptr::null_mut();
    // SAFETY: the name is static, and `data` lives until `release`.
    check_status!(unsafe {
        sys::napi_create_function(
            env.raw(),
            NAME.as_ptr().cast(),
            NAME.len().cast_signed(),
            Some(outcome_id),
            data,
            &raw mut function,
        )
    })?;
    // SAFETY: the function was made just now and is a value of `env`.
    let value = unsafe { Unknown::from_napi_value(env.raw(), function) }?;
    // SAFETY: the finalizer runs once, when the function cannot be called any more.
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

/// Passes JavaScript's memory to `work`; `None` if there is none
pub(crate) fn with_memory<T>(
    env: &Env,
    memory: Unknown<'_>,
    work: impl FnOnce(&mut [u8]) -> T,
) -> Option<T> {
    // SAFETY: the value is one of `env`, and `work` does not call JavaScript.
    unsafe { bytes(env.raw(), memory.raw()) }.map(work)
}

/// The bytes of a `Uint8Array` that is not empty, transferred or shared with other threads
///
/// # Safety
///
/// JavaScript must not run while the bytes are in use.
unsafe fn bytes<'call>(env: sys::napi_env, value: sys::napi_value) -> Option<&'call mut [u8]> {
    let (mut kind, mut length, mut offset) = (0, 0, 0);
    let (mut data, mut buffer) = (ptr::null_mut(), ptr::null_mut());
    let mut is_own = false;
    // SAFETY: each pointer has the type that Node writes; a value that is not a typed array is refused by a status.
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
            // A `SharedArrayBuffer` is not an `ArrayBuffer`: other threads may write to it at any time.
            && sys::napi_is_arraybuffer(env, buffer, &raw mut is_own) == sys::Status::napi_ok
    };
    let is_fit = is_read && is_own && kind == sys::TypedarrayType::uint8_array;
    if !is_fit || length == 0 || data.is_null() {
        return None;
    }
    // SAFETY: Node reports this many bytes at this address, which live and are not used by others as long as JavaScript does not run.
    Some(unsafe { slice::from_raw_parts_mut(data.cast::<u8>(), length) })
}

/// Called by Node when the function is collected
unsafe extern "C" fn release(_env: sys::napi_env, data: *mut c_void, _hint: *mut c_void) {
    // SAFETY: `data` is from `Rc::into_raw` in `function`, and is released only here, on JavaScript's thread.
    drop(unsafe { Rc::from_raw(data.cast::<RefCell<State>>()) });
}

/// Called by JavaScript
///
/// The other statuses need no check: an argument that cannot be read stays an integer that no flag has, and a result that cannot be made
/// stays null.
unsafe extern "C" fn outcome_id(
    env: sys::napi_env,
    info: sys::napi_callback_info,
) -> sys::napi_value {
    let mut arguments = [ptr::null_mut(); 4];
    let mut count = arguments.len();
    let mut data = ptr::null_mut();
    // SAFETY: `arguments` has room for `count` values; missing ones become `undefined`.
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
        // SAFETY: `argument` is a value of `env`; if it is not a number the integer is not changed.
        unsafe { sys::napi_get_value_uint32(env, argument, &raw mut integer) };
        integer
    });
    let query = OutcomeIdQuery {
        flag,
        expected,
        context,
    };
    // SAFETY: `data` is that of `function`, which is alive during a call.
    let state = unsafe { &*data.cast::<RefCell<State>>() };
    // SAFETY: nothing below calls JavaScript.
    let memory = unsafe { bytes(env, memory) };
    let id = match (state.try_borrow(), memory) {
        (Ok(state), Some(memory)) => state.replica.outcome_id(query, memory),
        // Without memory there is neither an instant nor a context that is not stored: it must be evaluated by text.
        _ => -1,
    };
    let mut result = ptr::null_mut();
    // SAFETY: `result` has room for one value.
    unsafe { sys::napi_create_int32(env, id, &raw mut result) };
    result
}
