#pragma once

#include <array>
#include <atomic>
#include <cstdint>

namespace video::faults {

/// The environment variable that names the file in which a Control is mapped.
inline constexpr const char* controlVariable = "VIDEO_FAULTS_CONTROL";

/// Kinds of calls, as bits of Control::calls.
enum Call : std::uint32_t {
  opens = 1,       ///< of what is there
  creates = 2048,  ///< opens of what is not
  writes = 2,
  renames = 4,  ///< and hard links
  unlinks = 8,
  syncs = 16,
  truncates = 32,
  makes = 64,       ///< folders
  allocates = 128,  ///< fallocate
  modes = 256,      ///< fchmod
  locks = 512,      ///< flock and the locks of fcntl
  answers = 1024,   ///< the first bytes of an HTTP response
};

/// Calls that a full disk can fail.
inline constexpr std::uint32_t growing = creates | writes | renames | syncs | truncates | makes | allocates;
/// All calls that change files or lock them.
inline constexpr std::uint32_t fileCalls = growing | opens | unlinks | modes | locks;

/// What happens to a call that is hit.
enum class Action : std::uint32_t {
  none,
  fail,        ///< it does nothing and sets errno
  killBefore,  ///< SIGKILL in its place
  killAfter,   ///< SIGKILL when it has returned
  tear,        ///< a write writes half, then SIGKILL
  shorten,     ///< a write writes half
};

/// Memory that a test shares with the program under test. The calls of all its threads are counted in one sequence.
struct Control {
  std::atomic<bool> armed;          ///< whether calls are counted
  std::atomic<std::uint32_t> seen;  ///< calls counted
  std::atomic<std::uint32_t> hits;  ///< calls hit
  std::uint32_t first;              ///< number of the first call that is hit, from 1; 0: none is
  std::uint32_t last;               ///< number of the last one
  std::uint32_t calls;              ///< the kinds that count
  Action action;
  std::int32_t error;           ///< errno for Action::fail
  std::array<char, 512> below;  ///< only paths that begin so count
  std::array<char, 512> hit;    ///< name and path of the call that was hit last
};
static_assert(std::atomic<bool>::is_always_lock_free && std::atomic<std::uint32_t>::is_always_lock_free);

}  // namespace video::faults
