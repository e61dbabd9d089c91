#pragma once

#include <string>

namespace terse::core {

// The names that a signal handler may unlink: a fixed table, because a handler can neither lock nor allocate.

/// Enters `path`. @return its slot, for forget_temporary. @throws Error::OutputFailed where the table is full
int remember_temporary(const std::string& path);

/// Removes a slot's name: the file was renamed or unlinked.
void forget_temporary(int slot);

/// Installs handlers that unlink temporaries, then end the process by the same signal (status 128+n), for every signal
/// whose default is to end it. One that is ignored (nohup), or that something else handles (a sanitizer), stays as it
/// is.
void remove_temporaries_on_signal();

}  // namespace terse::core
