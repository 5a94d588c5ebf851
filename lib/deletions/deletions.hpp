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

/// A record in the deletion queue.
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

/// A page of the queue, with the totals of the whole queue. A replaced content or a deleted user counts as one record.
struct DeletionPage : Page<Deletion> {
  std::int64_t due = 0;
  std::int64_t leased = 0;
  std::int64_t failed = 0;  ///< waiting for another try
  std::int64_t dead = 0;
  std::int64_t purged = 0;    ///< total so far
  std::int64_t failures = 0;  ///< total so far
};

/// The request to purge everything that is due.
struct Drain {
  std::optional<bool> includeNotDue;  ///< make everything that is waiting due first
};

/// The request to list what a drain would purge, by due time.
struct RehearseDrain : Drain {
  std::optional<std::int64_t> limit;  ///< records on a page, 1..1000; default 500
  std::optional<std::string> cursor;  ///< `next_cursor` of the previous page
};

/// Identifies a record by its video.
struct DeletionRef {
  VideoId video;
};

/// What is left to purge when a drain starts. The work continues after the reply; poll `list`.
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
  std::chrono::milliseconds retryDelay{10'000};  ///< doubled after each failure, with jitter, up to an hour
  std::chrono::milliseconds remember{std::chrono::hours{24 * 400}};  ///< as VideosOptions::remember
};

/// The queue of deletions waiting to be purged. Videos are deleted and restored through Videos. Every function may be
/// called from any thread and throws Error.
class Deletions {
 public:
  virtual ~Deletions() = default;
  /// Queues a video for purging, like the scheduler of the original site. For admins, the operator, and anyone on a
  /// trusted listener.
  virtual void enqueue(const Credential& by, const VideoRef& wanted) = 0;
  /// Lists the queue by due time. For admins and the operator.
  virtual DeletionPage list(const Credential& by, const DeletionQuery& wanted) = 0;
  /// Starts purging everything that is due. For admins and the operator. Returns immediately in a daemon, and after the
  /// work is done in direct mode.
  virtual DrainStarted drain(const Credential& by, const Drain& wanted) = 0;
  /// Lists the videos that `drain` would purge now, without changing anything; replaced contents and deleted users are
  /// not listed. For admins and the operator.
  virtual Page<Deletion> rehearseDrain(const Credential& by, const RehearseDrain& wanted) = 0;
  /// Makes a failed record due now, with a fresh count of tries. For admins and the operator. Faults: notFound,
  /// conflict (it has not failed, or is in progress).
  virtual Deletion retry(const Credential& by, const DeletionRef& wanted) = 0;
};

/// How the tasks of deletions are run.
struct DeletionRunner {
  /// Requests a run from the daemon's scheduler; does nothing if there is none.
  std::function<void(std::string_view task)> wake;
  /// Requests a run from the daemon's scheduler; if there is none, runs the task to completion. Returns the number of
  /// items processed by this call.
  std::function<std::size_t(std::string_view task)> run;
};

/// The deletions of a data directory, and the tasks that purge them.
class LocalDeletions : public Deletions {
 public:
  /// Returns the task that purges the records in the queue.
  virtual schedule::Task purgeVideos() = 0;
  /// Returns the task that queues the videos of deleted users and finally purges the users.
  virtual schedule::Task purgeUsers() = 0;
  /// Returns work that removes remembered contents deleted longer than `remember` ago; empty if there are none.
  virtual std::vector<std::function<schedule::Counts()>> expireContents() = 0;
  /// Requests a purge of what is due from the daemon's scheduler; does nothing if there is none.
  virtual void wake() = 0;
  /// Deletes again the users who were deleted before an older database was put back. Returns how many. Call it before
  /// anything is served.
  virtual std::size_t deleteRevivedUsers() = 0;
  /// Sets how tasks are run. Call it before any operation.
  virtual void workBy(DeletionRunner runner) = 0;
};

}  // namespace video
