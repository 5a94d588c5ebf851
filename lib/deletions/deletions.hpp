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

enum class DeletionState { waiting, leased, dead };

/// One record of the deletion queue.
struct Deletion {
  VideoId video;
  DeletionState state = DeletionState::waiting;
  Time due{};
  std::int64_t tries = 0;
  std::optional<std::string> lastError;
};

struct DeletionQuery : ListQuery {
  std::optional<DeletionState> state;
};

/// A page of the queue, with what the whole queue holds: a replaced content, or a user who is gone, counts as one.
struct DeletionPage : Page<Deletion> {
  std::int64_t due = 0;
  std::int64_t leased = 0;
  std::int64_t failed = 0;  ///< waiting for another try
  std::int64_t dead = 0;
  std::int64_t cleared = 0;   ///< since ever
  std::int64_t failures = 0;  ///< since ever
};

struct RemoveVideo : VideoRef {
  std::optional<bool> now;  ///< without `deletion.delay`
};

struct Drain {
  std::optional<bool> includeNotDue;  ///< everything waiting becomes due first
};

/// Asks for what a drain would purge, by due time.
struct RehearseDrain : Drain {
  std::optional<std::int64_t> limit;  ///< records on a page, 1..1000; default 500
  std::optional<std::string> cursor;  ///< `next_cursor` of the page before
};

struct DeletionRef {
  VideoId video;
};

/// What a drain finds ahead of it; the work goes on after the answer (poll `list`).
struct DrainStarted {
  std::int64_t due = 0;
  std::int64_t leased = 0;
};

struct DeletionsOptions {
  std::chrono::milliseconds delay{3'600'000};  ///< time to change one's mind
  std::size_t batch = 3;                       ///< records claimed at once
  std::size_t workers = 2;                     ///< executors
  std::int64_t maxTries = 8;
  std::chrono::milliseconds retryDelay{10'000};                      ///< doubled each time, with jitter, up to an hour
  std::chrono::milliseconds remember{std::chrono::hours{24 * 400}};  ///< as VideosOptions::remember
};

/// Deleting, restoring, and the queue between. Every function may be called from any thread and throws Error.
class Deletions {
 public:
  virtual ~Deletions() = default;
  /// Marks a video deleted and queues it, in one transaction: owner, admin, operator. Gone from lists and streams at
  /// once.
  virtual void remove(const Credential& by, const RemoveVideo& wanted) = 0;
  /// What `remove` would do, undone: the video as it would be. Throws what it would throw.
  virtual Video rehearseRemove(const Credential& by, const RemoveVideo& wanted) = 0;
  /// Takes it back, until it is claimed: owner, admin, operator. Faults: conflict (purging, or not deleted), notFound.
  virtual Video restore(const Credential& by, const VideoRef& wanted) = 0;
  /// What `restore` would do, undone. Throws what it would throw.
  virtual Video rehearseRestore(const Credential& by, const VideoRef& wanted) = 0;
  /// The original scheduler's way to queue a video: admin, operator, anyone on a trusted listener.
  virtual void enqueue(const Credential& by, const VideoRef& wanted) = 0;
  /// The queue by due time: admin, operator.
  virtual DeletionPage list(const Credential& by, const DeletionQuery& wanted) = 0;
  /// Starts clearing all that is due: admin, operator. In a daemon it returns at once, in direct mode when it is done.
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
  /// The queue's own task.
  virtual schedule::Task videoClear() = 0;
  /// Feeds the queue the videos of users who are gone.
  virtual schedule::Task userClear() = 0;
  /// Work that forgets contents which were deleted longer ago than `remember`; none where there are none.
  virtual std::vector<std::function<schedule::Counts()>> forgetting() = 0;
  /// Before anything is asked.
  virtual void workBy(DeletionRunner runner) = 0;
};

}  // namespace video
