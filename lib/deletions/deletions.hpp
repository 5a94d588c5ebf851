#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/credential.hpp"
#include "base/fields.hpp"
#include "base/ids.hpp"
#include "videos/videos.hpp"

namespace video::schedule {
struct Counts;
struct Task;
}  // namespace video::schedule

namespace video {

/// The state of a record: waiting to be purged, claimed by a process, or given up after all tries.
enum class DeletionState { waiting, leased, dead };

/// A record of the deletion queue.
struct Deletion {
  VideoId video;
  DeletionState state = DeletionState::waiting;
  Time due{};
  std::int64_t tries = 0;
  std::optional<std::string> lastError;
};

/// The request for a page of the queue.
struct DeletionQuery : ListQuery {
  std::optional<DeletionState> state;
};

/// A page of the queue, with the totals of the whole queue; a replaced content or a deleted user counts as one.
struct DeletionPage : Page<Deletion> {
  std::int64_t due = 0;
  std::int64_t leased = 0;
  std::int64_t failed = 0;  ///< waiting for another try
  std::int64_t dead = 0;
  std::int64_t purged = 0;    ///< in total
  std::int64_t failures = 0;  ///< in total
};

/// The request to purge everything that is due.
struct Drain {
  std::optional<bool> includeNotDue;  ///< everything waiting becomes due first
};

/// The question what a drain would purge, by due time.
struct RehearseDrain : Drain {
  std::optional<std::int64_t> limit;  ///< records on a page, 1..1000; default 500
  std::optional<std::string> cursor;  ///< `next_cursor` of the page before
};

/// Identifies a record by its video.
struct DeletionRef {
  VideoId video;
};

/// What a drain has to do when it starts. The work continues after the reply; poll `list`.
struct DrainStarted {
  std::int64_t due = 0;
  std::int64_t leased = 0;
};

/// When and how deletions are purged.
struct DeletionsOptions {
  std::chrono::milliseconds delay{3'600'000};  ///< time between deleting and purging
  std::size_t batch = 3;                       ///< records claimed at once
  std::size_t workers = 2;                     ///< executors
  std::int64_t maxTries = 8;
  std::chrono::milliseconds retryDelay{10'000};                      ///< doubled each time, with jitter, up to an hour
  std::chrono::milliseconds remember{std::chrono::hours{24 * 400}};  ///< as VideosOptions::remember
};

/// The queue of deletions waiting to be purged. Videos are deleted and restored in the room videos. Every function may
/// be called from any thread and throws Error.
class Deletions {
 public:
  virtual ~Deletions() = default;
  /// Queues a video for purging, as the original's scheduler does. For admins, the operator, and anyone on a trusted
  /// listener.
  virtual void enqueue(const Credential& by, const VideoRef& wanted) = 0;
  /// Lists the queue by due time. For admins and the operator.
  virtual DeletionPage list(const Credential& by, const DeletionQuery& wanted) = 0;
  /// Starts purging everything that is due. For admins and the operator. Returns at once in a daemon, and when it is
  /// done in direct mode.
  virtual DrainStarted drain(const Credential& by, const Drain& wanted) = 0;
  /// Lists the videos that `drain` would purge now, without changing anything; replaced contents and deleted users are
  /// not listed. For admins and the operator.
  virtual Page<Deletion> rehearseDrain(const Credential& by, const RehearseDrain& wanted) = 0;
  /// Makes a failed record due now, with a fresh count of tries. For admins and the operator. Faults: notFound,
  /// conflict (it has not failed, or is in progress).
  virtual Deletion retry(const Credential& by, const DeletionRef& wanted) = 0;
};

/// How deletions get their tasks run.
struct DeletionRunner {
  /// Asks the daemon's scheduler for a run; does nothing if there is none.
  std::function<void(std::string_view task)> wake;
  /// The same, but runs the task to its end here if there is no scheduler. Returns how much was done here.
  std::function<std::size_t(std::string_view task)> run;
};

/// The deletions of a data directory, and the tasks that purge them.
class LocalDeletions : public Deletions {
 public:
  /// Returns the task that purges what is in the queue.
  virtual schedule::Task purgeVideos() = 0;
  /// Returns the task that queues the videos of deleted users, and then purges the users.
  virtual schedule::Task purgeUsers() = 0;
  /// Returns work that removes remembered contents deleted longer than `remember` ago; empty if there are none.
  virtual std::vector<std::function<schedule::Counts()>> expireContents() = 0;
  /// Asks the daemon's scheduler to purge what is due; does nothing if there is none.
  virtual void wake() = 0;
  /// Before anything is asked.
  virtual void workBy(DeletionRunner runner) = 0;
};

}  // namespace video
