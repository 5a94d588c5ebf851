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

/// The state of a record: to be claimed, claimed by a process, or given up after its tries.
enum class DeletionState { waiting, leased, dead };

/// One record of the deletion queue.
struct Deletion {
  VideoId video;
  DeletionState state = DeletionState::waiting;
  Time due{};
  std::int64_t tries = 0;
  std::optional<std::string> lastError;
};

/// Asks for a page of the queue.
struct DeletionQuery : ListQuery {
  std::optional<DeletionState> state;
};

/// A page of the queue, with what the whole queue holds: a replaced content, or a user who is gone, counts as one.
struct DeletionPage : Page<Deletion> {
  std::int64_t due = 0;
  std::int64_t leased = 0;
  std::int64_t failed = 0;  ///< waiting for another try
  std::int64_t dead = 0;
  std::int64_t purged = 0;    ///< in total
  std::int64_t failures = 0;  ///< in total
};

/// Asks for all that is due to be purged.
struct Drain {
  std::optional<bool> includeNotDue;  ///< everything waiting becomes due first
};

/// Asks for what a drain would purge, by due time.
struct RehearseDrain : Drain {
  std::optional<std::int64_t> limit;  ///< records on a page, 1..1000; default 500
  std::optional<std::string> cursor;  ///< `next_cursor` of the page before
};

/// Names a record by its video.
struct DeletionRef {
  VideoId video;
};

/// What a drain finds ahead of it; the work goes on after the answer (poll `list`).
struct DrainStarted {
  std::int64_t due = 0;
  std::int64_t leased = 0;
};

/// When and how deletions are purged.
struct DeletionsOptions {
  std::chrono::milliseconds delay{3'600'000};  ///< time to change one's mind
  std::size_t batch = 3;                       ///< records claimed at once
  std::size_t workers = 2;                     ///< executors
  std::int64_t maxTries = 8;
  std::chrono::milliseconds retryDelay{10'000};                      ///< doubled each time, with jitter, up to an hour
  std::chrono::milliseconds remember{std::chrono::hours{24 * 400}};  ///< as VideosOptions::remember
};

/// The queue of what waits for purging; videos are deleted and restored in the room videos. Every function may be
/// called from any thread and throws Error.
class Deletions {
 public:
  virtual ~Deletions() = default;
  /// The original scheduler's way to queue a video: admin, operator, anyone on a trusted listener.
  virtual void enqueue(const Credential& by, const VideoRef& wanted) = 0;
  /// The queue by due time: admin, operator.
  virtual DeletionPage list(const Credential& by, const DeletionQuery& wanted) = 0;
  /// Starts purging all that is due: admin, operator. In a daemon it returns at once, in direct mode when it is done.
  virtual DrainStarted drain(const Credential& by, const Drain& wanted) = 0;
  /// The records that `drain` would purge now: admin, operator. Changes nothing.
  virtual Page<Deletion> rehearseDrain(const Credential& by, const RehearseDrain& wanted) = 0;
  /// A dead record, or one that waits for another try, becomes due now with all its tries: admin, operator. Faults:
  /// notFound, conflict (it has not failed, or is being worked on).
  virtual Deletion retry(const Credential& by, const DeletionRef& wanted) = 0;
};

/// How deletions have their tasks done.
struct DeletionRunner {
  /// Asks a daemon's scheduler for a run; does nothing where there is none.
  std::function<void(std::string_view task)> wake;
  /// The same, but where there is no scheduler runs it to the end here; how much was done here.
  std::function<std::size_t(std::string_view task)> run;
};

/// The deletions of a data directory, and the tasks that work their queue.
class LocalDeletions : public Deletions {
 public:
  /// The task that purges what is in the queue.
  virtual schedule::Task purgeVideos() = 0;
  /// The task that queues the videos of users who are gone, and then purges the users.
  virtual schedule::Task purgeUsers() = 0;
  /// Work that drops what is remembered of contents which were deleted longer ago than `remember`; none where there are
  /// none.
  virtual std::vector<std::function<schedule::Counts()>> expireContents() = 0;
  /// Asks a daemon's scheduler to purge what is due; does nothing where there is none.
  virtual void wake() = 0;
  /// Before anything is asked.
  virtual void workBy(DeletionRunner runner) = 0;
};

}  // namespace video
