//! The boot of the machine: a number that changes when it restarts.

/// Returns the number of this boot; `None` where the system does not say.
pub(crate) fn number() -> Option<u64> {
    let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let number = id.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    Some(number.max(1)) // 0 in a mark means that no sync failed
}
