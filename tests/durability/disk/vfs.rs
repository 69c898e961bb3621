//! The disk as SQLite sees it: the system's own file access, with every write and flush told to the [`Disk`] as well.
//!
//! The one place in these tests that speaks to C. A file here is a small header before the file of the system's VFS;
//! SQLite gives it as many bytes as we ask for and never moves it.

#![allow(unsafe_code, reason = "SQLite's file interface is one of C functions")]

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::path::PathBuf;
use std::sync::Arc;

use rusqlite::ffi::{self, sqlite3_file, sqlite3_int64, sqlite3_io_methods, sqlite3_vfs};

use super::{Disk, Step};

#[repr(C)]
struct Header {
    base: sqlite3_file,
    /// Whose file it is; `None` for files without a name, which nobody expects to survive.
    noted: Option<Box<Noted>>,
}

struct Noted {
    disk: Arc<Disk>,
    path: PathBuf,
}

/// Makes the disk known to SQLite, for the rest of the process.
pub(super) fn register(disk: &Arc<Disk>) {
    let name = CString::new(disk.vfs()).unwrap().into_raw();
    // SAFETY: the default VFS lives as long as the process, and what is registered here is leaked.
    unsafe {
        let system = &*ffi::sqlite3_vfs_find(std::ptr::null());
        let ours = Box::leak(Box::new(*system));
        ours.szOsFile += size_of::<Header>() as c_int;
        ours.pNext = std::ptr::null_mut();
        ours.zName = name;
        ours.pAppData = Arc::into_raw(Arc::clone(disk)).cast_mut().cast();
        ours.xOpen = Some(open);
        ours.xDelete = Some(delete);
        assert_eq!(ffi::sqlite3_vfs_register(ours, 0), ffi::SQLITE_OK);
    }
}

unsafe fn disk_of(vfs: *mut sqlite3_vfs) -> Arc<Disk> {
    // SAFETY: `register` put an `Arc<Disk>` there and never takes it back.
    unsafe {
        let disk: *const Disk = (*vfs).pAppData.cast();
        Arc::increment_strong_count(disk);
        Arc::from_raw(disk)
    }
}

unsafe fn path_of(name: *const c_char) -> Option<PathBuf> {
    // SAFETY: SQLite hands over a C string or null.
    (!name.is_null()).then(|| PathBuf::from(unsafe { CStr::from_ptr(name) }.to_str().unwrap()))
}

unsafe extern "C" fn open(
    vfs: *mut sqlite3_vfs,
    name: *const c_char,
    file: *mut sqlite3_file,
    flags: c_int,
    out: *mut c_int,
) -> c_int {
    // SAFETY: `file` has room for a header and the system's file behind it.
    unsafe {
        let system = ffi::sqlite3_vfs_find(std::ptr::null());
        let answer = (*system).xOpen.unwrap()(system, name, inner(file), flags, out);
        let opened = answer == ffi::SQLITE_OK;
        let noted = path_of(name).filter(|_| opened).map(|path| {
            let disk = disk_of(vfs);
            disk.opened(&path);
            Box::new(Noted { disk, path })
        });
        let methods = if opened { &raw const METHODS } else { std::ptr::null() };
        file.cast::<Header>().write(Header { base: sqlite3_file { pMethods: methods }, noted });
        answer
    }
}

unsafe extern "C" fn delete(vfs: *mut sqlite3_vfs, name: *const c_char, sync_folder: c_int) -> c_int {
    // SAFETY: the arguments are handed on as they came.
    unsafe {
        if let Some(path) = path_of(name) {
            disk_of(vfs).deleted(&path);
        }
        let system = ffi::sqlite3_vfs_find(std::ptr::null());
        (*system).xDelete.unwrap()(system, name, sync_folder)
    }
}

/// The system's file behind the header.
unsafe fn inner(file: *mut sqlite3_file) -> *mut sqlite3_file {
    // SAFETY: `szOsFile` made room for it.
    unsafe { file.cast::<Header>().add(1).cast() }
}

unsafe fn noted<'a>(file: *mut sqlite3_file) -> Option<&'a Noted> {
    // SAFETY: `open` wrote the header, and `close` alone drops it.
    unsafe { (*file.cast::<Header>()).noted.as_deref() }
}

unsafe extern "C" fn close(file: *mut sqlite3_file) -> c_int {
    // SAFETY: SQLite closes a file once and never touches it again.
    unsafe {
        let answer = (*(*inner(file)).pMethods).xClose.unwrap()(inner(file));
        (*file.cast::<Header>()).noted = None;
        answer
    }
}

unsafe extern "C" fn write(file: *mut sqlite3_file, bytes: *const c_void, count: c_int, at: sqlite3_int64) -> c_int {
    // SAFETY: SQLite hands over as many bytes as it says.
    unsafe {
        let now = || (*(*inner(file)).pMethods).xWrite.unwrap()(inner(file), bytes, count, at);
        let Some(Noted { disk, path }) = noted(file) else { return now() };
        let copy = std::slice::from_raw_parts(bytes.cast::<u8>(), count as usize).to_vec();
        disk.step(path, Step::Write { at: at as usize, bytes: copy }, now)
    }
}

unsafe extern "C" fn truncate(file: *mut sqlite3_file, size: sqlite3_int64) -> c_int {
    // SAFETY: handed on as it came.
    unsafe {
        let now = || (*(*inner(file)).pMethods).xTruncate.unwrap()(inner(file), size);
        let Some(Noted { disk, path }) = noted(file) else { return now() };
        disk.step(path, Step::Truncate { to: size as usize }, now)
    }
}

unsafe extern "C" fn sync(file: *mut sqlite3_file, flags: c_int) -> c_int {
    // SAFETY: handed on as it came. The real disk need not be troubled: what it would keep is kept here.
    unsafe {
        match noted(file) {
            Some(Noted { disk, path }) => disk.flush(path),
            None => (*(*inner(file)).pMethods).xSync.unwrap()(inner(file), flags),
        }
    }
}

/// Functions that only hand on to the system's file.
macro_rules! handed_on {
    ($($function:ident $method:ident ($($argument:ident: $type:ty),*) $(-> $answer:ty)?;)+) => { $(
        unsafe extern "C" fn $function(file: *mut sqlite3_file $(, $argument: $type)*) $(-> $answer)? {
            // SAFETY: handed on as it came.
            unsafe { (*(*inner(file)).pMethods).$method.unwrap()(inner(file) $(, $argument)*) }
        }
    )+ };
}

handed_on! {
    read xRead(into: *mut c_void, count: c_int, at: sqlite3_int64) -> c_int;
    file_size xFileSize(size: *mut sqlite3_int64) -> c_int;
    lock xLock(level: c_int) -> c_int;
    unlock xUnlock(level: c_int) -> c_int;
    check_reserved_lock xCheckReservedLock(out: *mut c_int) -> c_int;
    file_control xFileControl(what: c_int, argument: *mut c_void) -> c_int;
    sector_size xSectorSize() -> c_int;
    device_characteristics xDeviceCharacteristics() -> c_int;
    shm_map xShmMap(page: c_int, size: c_int, extend: c_int, out: *mut *mut c_void) -> c_int;
    shm_lock xShmLock(offset: c_int, count: c_int, flags: c_int) -> c_int;
    shm_barrier xShmBarrier();
    shm_unmap xShmUnmap(delete: c_int) -> c_int;
}

/// Version 2: shared memory, and no mapping of the database, so that every write passes here.
static METHODS: sqlite3_io_methods = sqlite3_io_methods {
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(device_characteristics),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    xFetch: None,
    xUnfetch: None,
};
