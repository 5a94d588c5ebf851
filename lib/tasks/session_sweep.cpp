#include <atomic>

#include "access/access.hpp"
#include "sessions/rows.hpp"
#include "tasks/task_list.hpp"

namespace video::tasks {
namespace {

constexpr std::int64_t step = 500;

schedule::Task make(const Surroundings& its) {
  return {"session-sweep", 1, 1, [&its] {
            const auto more = std::make_shared<std::atomic<bool>>(true);
            return [&its, more](std::size_t) -> std::vector<schedule::Item> {
              const auto isDue = [&](store::Reader& reader) {
                return rows::hasExpiredSession(reader, its.access.now());
              };
              if (!more->exchange(false) || !its.database.read(isDue)) return {};
              return {[&its, more] {
                const auto sweep = [&](store::Transaction& transaction) {
                  return rows::removeExpiredSessions(transaction, its.access.now(), step);
                };
                const std::int64_t removed = its.database.write(store::Purpose::keep, sweep);
                *more = removed == step;
                return schedule::Counts{static_cast<std::size_t>(removed), 0};
              }};
            };
          }};
}

}  // namespace

TaskKind sessionSweep() {
  TaskKind kind{.name = "session-sweep"};
  kind.timing.every = std::chrono::minutes{1};
  kind.timing.jitter = std::chrono::seconds{5};
  kind.make = make;
  return kind;
}

}  // namespace video::tasks
