#include <deque>
#include <utility>

#include "tasks/task_list.hpp"

namespace video::tasks {
namespace {

// The first run in a process begins by removing what an earlier process left in derived/.
schedule::Task make(const Surroundings& its) {
  schedule::Task task = its.renditions.renditionsTask();
  task.begin = [&its, begin = std::move(task.begin), isFirst = true]() mutable -> schedule::Dispatch {
    if (!std::exchange(isFirst, false)) return begin();
    const std::vector<VideoId> folders = its.renditions.listFolders();
    return [&its, left = std::deque<VideoId>(folders.begin(), folders.end()),
            dispatch = begin()](std::size_t batch) mutable -> std::vector<schedule::Item> {
      if (left.empty()) return dispatch(batch);
      const VideoId video = std::move(left.front());
      left.pop_front();
      return {[&its, video] { return its.renditions.sweep(video); }};
    };
  };
  return task;
}

}  // namespace

TaskKind renditions() {
  TaskKind kind{.name = "renditions"};
  kind.timing.every = std::chrono::minutes{1};
  kind.timing.jitter = std::chrono::seconds{5};
  kind.timing.timeout = {};  // one long video may take hours
  kind.make = make;
  return kind;
}

}  // namespace video::tasks
