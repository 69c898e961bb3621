//! TCP_NODELAY on the client's sockets: the client does not set it, and offers no way to. Without it every call waits for
//! the other side's delayed acknowledgement, 44 ms.
//!
//! On Linux the sockets are found among the process's own descriptors by the port that they lead to. Elsewhere calls stay
//! slow.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};

use eventstore::ClientSettings;
use parking_lot::Mutex;

/// Where most servers listen.
const USUAL_PORT: u16 = 2113;

/// See the module.
pub(super) struct NoDelay {
    /// The ports that event stores were seen at.
    ports: Mutex<BTreeSet<u16>>,
    /// Sockets that have it: descriptor and what it leads to.
    done: Mutex<Vec<system::Socket>>,
    /// Whether there may be sockets that don't.
    stale: AtomicBool,
}

impl NoDelay {
    pub(super) fn new(settings: &ClientSettings) -> Self {
        let ports = settings.hosts().iter().filter_map(|host| u16::try_from(host.port).ok());
        NoDelay {
            ports: Mutex::new(ports.chain([USUAL_PORT]).collect()),
            done: Mutex::default(),
            stale: AtomicBool::new(true),
        }
    }

    /// Another node may be connected to.
    pub(super) fn also(&self, port: u32) {
        self.ports.lock().extend(u16::try_from(port));
        self.distrust();
    }

    /// A connection may have been made anew.
    pub(super) fn distrust(&self) {
        self.stale.store(true, Ordering::Release);
    }

    /// Sees whether the sockets that have it are still there; cheap.
    pub(super) fn look(&self) {
        if !self.done.lock().iter().all(system::Socket::is_there) {
            self.distrust();
        }
    }

    /// After a call was answered: whatever it went through has it from now on.
    pub(super) fn settle(&self) {
        if self.stale.swap(false, Ordering::AcqRel) {
            let ports = self.ports.lock().clone();
            *self.done.lock() = system::set_on_connections_to(&ports);
        }
    }
}

#[cfg(target_os = "linux")]
mod system {
    use std::collections::BTreeSet;
    use std::path::PathBuf;

    /// A descriptor and the socket that it is.
    pub(in super::super) struct Socket {
        descriptor: PathBuf,
        is: PathBuf,
    }

    impl Socket {
        pub(super) fn is_there(&self) -> bool {
            std::fs::read_link(&self.descriptor).is_ok_and(|is| is == self.is)
        }
    }

    /// Sets it on every TCP connection of this process that leads to one of the ports, and answers those.
    pub(super) fn set_on_connections_to(ports: &BTreeSet<u16>) -> Vec<Socket> {
        let Ok(entries) = std::fs::read_dir("/proc/self/fd") else { return Vec::new() };
        let set = entries.flatten().filter_map(|entry| {
            let descriptor = entry.path();
            let is = std::fs::read_link(&descriptor).ok().filter(|is| is.to_string_lossy().starts_with("socket:"))?;
            let number = entry.file_name().to_str()?.parse().ok()?;
            set_if_it_leads_to(number, ports).then_some(Socket { descriptor, is })
        });
        set.collect()
    }

    /// Whether it leads to one of the ports and has it now.
    #[allow(unsafe_code, reason = "sockets of the client's can't be reached but by their numbers")]
    fn set_if_it_leads_to(descriptor: libc::c_int, ports: &BTreeSet<u16>) -> bool {
        let yes: libc::c_int = 1;
        // SAFETY: both calls get pointers to live values of the lengths told, zeroed storage is a valid address, and a
        // descriptor that another thread closed or reused meanwhile makes them fail, or sets the option on another
        // connection, which does no harm.
        unsafe {
            let mut address: libc::sockaddr_storage = std::mem::zeroed();
            let mut length = size_of::<libc::sockaddr_storage>() as libc::socklen_t;
            if libc::getpeername(descriptor, (&raw mut address).cast(), &raw mut length) != 0 {
                return false;
            }
            let port = match libc::c_int::from(address.ss_family) {
                libc::AF_INET => (*(&raw const address).cast::<libc::sockaddr_in>()).sin_port,
                libc::AF_INET6 => (*(&raw const address).cast::<libc::sockaddr_in6>()).sin6_port,
                _ => return false,
            };
            let length = size_of::<libc::c_int>() as libc::socklen_t;
            let option = (&raw const yes).cast();
            ports.contains(&u16::from_be(port))
                && libc::setsockopt(descriptor, libc::IPPROTO_TCP, libc::TCP_NODELAY, option, length) == 0
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use std::collections::BTreeSet;

    /// There is none.
    pub(in super::super) enum Socket {}

    impl Socket {
        pub(super) fn is_there(&self) -> bool {
            match *self {}
        }
    }

    pub(super) fn set_on_connections_to(_: &BTreeSet<u16>) -> Vec<Socket> {
        Vec::new()
    }
}
