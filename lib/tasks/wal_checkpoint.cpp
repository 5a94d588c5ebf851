#include "store/database.hpp"
#include "tasks/task_list.hpp"

namespace video::tasks {
namespace {

// Reports nothing done: recording the run would itself write to the log, and give the next run something to do.
schedule::Task make(const Surroundings& its) {
  return {"wal-checkpoint", 1, 1, [&its] {
            return [&its, isFirst = true](std::size_t) mutable -> std::vector<schedule::Item> {
              if (!std::exchange(isFirst, false) || its.database.logSize() == 0 ||
                  its.database.checkpoints() == store::Checkpoints::external)
                return {};
              return {[&its] {
                its.database.checkpoint();
                return schedule::Counts{};
              }};
            };
          }};
}

}  // namespace

TaskKind walCheckpoint() {
  TaskKind kind{.name = "wal-checkpoint"};
  kind.timing.every = std::chrono::minutes{1};
  kind.timing.jitter = std::chrono::seconds{5};
  kind.make = make;
  kind.refusal = [](const Surroundings& its) {
    return its.database.checkpoints() == store::Checkpoints::external
               ? std::string("storage.checkpoints is external: another program, such as Litestream, does it")
               : std::string();
  };
  return kind;
}

}  // namespace video::tasks
