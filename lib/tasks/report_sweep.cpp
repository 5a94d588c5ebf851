#include <atomic>
#include <memory>

#include "reports/rows.hpp"
#include "store/database.hpp"
#include "tasks/task_list.hpp"

namespace video::tasks {
namespace {

// Removes reports that were resolved long enough ago, with what their reporters wrote.
schedule::Task makeReportSweep(const Surroundings& its) {
  return {"report-sweep", 1, 1, [&its] {
            const auto more = std::make_shared<std::atomic<bool>>(true);
            return [&its, more](std::size_t) -> std::vector<schedule::Item> {
              const Time until = its.clock.now() - its.keepReports.load();
              const auto isDue = [&](store::Reader& reader) { return rows::hasResolvedReports(reader, until); };
              if (!more->exchange(false) || !its.database.read(isDue)) return {};
              return {[&its, more, until] {
                constexpr std::int64_t most = 500;
                const std::int64_t removed =
                    its.database.write(store::Purpose::keep, [&](store::Transaction& transaction) {
                      return rows::removeResolvedReports(transaction, until, most);
                    });
                *more = removed == most;
                return schedule::Counts{static_cast<std::size_t>(removed), 0};
              }};
            };
          }};
}

}  // namespace

TaskKind reportSweep() {
  TaskKind kind{.name = "report-sweep"};
  kind.timing.every = std::chrono::hours{1};
  kind.timing.jitter = std::chrono::minutes{5};
  kind.make = makeReportSweep;
  return kind;
}

}  // namespace video::tasks
