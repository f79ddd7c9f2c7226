//! The events that people alert on, each with the fixed `MESSAGE_ID` under which the journal finds it.
//!
//! Owns: the identifiers. Invariant: an identifier is never changed nor used again. May import: nothing.
//! Tests: below.

/// An event that a person or a monitor may want to be told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message {
    /// A library is parked until a person logs in.
    NeedsLogin,
    /// A run got past the login again.
    LoginRestored,
    /// A refresh token dies within days, as Google told when it was given.
    TokenDiesSoon,
    /// The day's quota of the project is spent.
    QuotaSpent,
    /// Work goes on after the quota's reset.
    QuotaBack,
    /// No room on disk.
    DiskFull,
    /// There is room again.
    DiskHasRoom,
    /// A run ended by a fault that waiting hardly mends.
    RunFailed,
    /// A run went to its end after such a fault.
    RunRecovered,
    /// A run ended early by a passing fault.
    BackingOff,
    /// A run went to its end, but items failed.
    RunIncomplete,
    /// A run ended with everything on disk.
    RunComplete,
    /// A changed configuration was refused; the old settings stay.
    ConfigRefused,
    /// A changed configuration is in force.
    ConfigApplied,
    /// A changed configuration names a folder that the daemon may write to only after a restart.
    RestartNeeded,
    /// A worker died of a bug and was started again.
    WorkerCrashed,
    /// A worker does not show that it lives.
    WorkerStalled,
    /// An export that is expected has not come.
    ExportLate,
    /// A part of an export is missing.
    ExportPartMissing,
    /// A part of an export waits to be taken in.
    ExportPartWaits,
    /// Google Drive will not hold the next export.
    ExportRoomShort,
    /// The year of scheduled exports ends soon, or is over.
    ExportsEnd,
    /// Stored files were found missing, changed or damaged.
    FilesDamaged,
    /// So many items are gone that their files wait for a person's word.
    DeletionsHeld,
    /// The index of a library was damaged; a new one is made from the files.
    IndexDamaged,
}

// === impl Message ===

impl Message {
    /// Every message.
    pub const ALL: [Self; 25] = [
        Self::NeedsLogin,
        Self::LoginRestored,
        Self::TokenDiesSoon,
        Self::QuotaSpent,
        Self::QuotaBack,
        Self::DiskFull,
        Self::DiskHasRoom,
        Self::RunFailed,
        Self::RunRecovered,
        Self::BackingOff,
        Self::RunIncomplete,
        Self::RunComplete,
        Self::ConfigRefused,
        Self::ConfigApplied,
        Self::RestartNeeded,
        Self::WorkerCrashed,
        Self::WorkerStalled,
        Self::ExportLate,
        Self::ExportPartMissing,
        Self::ExportPartWaits,
        Self::ExportRoomShort,
        Self::ExportsEnd,
        Self::FilesDamaged,
        Self::DeletionsHeld,
        Self::IndexDamaged,
    ];

    /// The identifier as the journal's `MESSAGE_ID`: 32 hex digits.
    pub fn id(self) -> &'static str {
        match self {
            Self::NeedsLogin => "ac31904e04204a8cb04e9d003ec3960d",
            Self::LoginRestored => "a8b2b98430ff44e5b41fcdf0d9ba8241",
            Self::TokenDiesSoon => "ea5d4895afab4abe9528b3278f38bd34",
            Self::QuotaSpent => "b1332d20d3d140d6a81fda9a5cb552ed",
            Self::QuotaBack => "3965ade1712143a18cda781fb3910478",
            Self::DiskFull => "76ac04ea0120484da7cc7d188d15c368",
            Self::DiskHasRoom => "82479c794d7f4d6b8a479c5f2740d448",
            Self::RunFailed => "863a0e110a964b41a0c3fd691d29bcef",
            Self::RunRecovered => "3c5eb812c5e1431fa2146c4585fb7fdf",
            Self::BackingOff => "9989c96640a24f9ba269ee1a9e1459f7",
            Self::RunIncomplete => "6eb58c69c06d42ed82c06ef67a3fd564",
            Self::RunComplete => "22748b7a784c485f8bbbfae753a4bff6",
            Self::ConfigRefused => "d0e982a058154c2caf94ebab628cb991",
            Self::ConfigApplied => "a658b571cbb845679dfbeb7fcf7f6b01",
            Self::RestartNeeded => "b51ad754a97d471eb029f74d26bf7f6a",
            Self::WorkerCrashed => "d03904aaf6f44faf893a56a853e6cab9",
            Self::WorkerStalled => "8e85890bdf084a188b876038cf9bdc3d",
            Self::ExportLate => "920d10e84d2a468a82c1e0152f25a1ff",
            Self::ExportPartMissing => "c8cad573ab694bb59e86a1c3e840047b",
            Self::ExportPartWaits => "9002f2bba0c14fa1abc717f93c648168",
            Self::ExportRoomShort => "3df07906e5204e89a1c4586af659e0ce",
            Self::ExportsEnd => "8f321c40fb8f479c83427de34f9cc0aa",
            Self::FilesDamaged => "4fad2ee16a3b4001bb38cc4ccfe45c7b",
            Self::DeletionsHeld => "5d0c6f2e9b7a4e31a8f4c27d61be3095",
            Self::IndexDamaged => "4577b8f4753045668a1fe28bc94257ad",
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::systemd::messages::Message;
    use std::collections::BTreeSet;

    #[test]
    fn every_message_has_an_identifier_of_its_own() {
        let ids: BTreeSet<&str> = Message::ALL.iter().map(|message| message.id()).collect();
        assert_eq!(ids.len(), Message::ALL.len());
        let hex = |id: &&str| id.len() == 32 && id.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f'));
        assert!(ids.iter().all(hex), "{ids:?}");
    }
}
