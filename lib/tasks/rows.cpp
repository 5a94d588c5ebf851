#include "tasks/rows.hpp"

#include <fmt/format.h>

#include <limits>

#include "base/cursor.hpp"
#include "base/ids.hpp"
#include "base/json.hpp"

namespace video::rows {

Page<TaskRun> listRuns(store::Reader& reader, const TaskRunQuery& wanted) {
  std::int64_t before = std::numeric_limits<std::int64_t>::max();
  if (wanted.cursor) readText(readCursor(*wanted.cursor, 1)[0], "cursor", before);
  auto query = reader.query(
      "SELECT id, asked, began, ended, outcome, done, failed, error FROM task_runs WHERE task = ? AND id < ? AND began "
      ">= ? AND began < ? ORDER BY id DESC LIMIT ?",
      wanted.name, before, wanted.since.value_or(Time::min()), wanted.until.value_or(Time::max()), wanted.limit + 1);
  const auto read = [](const store::Query& row) {
    TaskRun run;
    run.id = row.integer(0);
    run.asked = row.integer(1) != 0;
    run.began = row.time(2);
    run.ended = row.time(3);
    run.outcome = valueOf<TaskOutcome>(row.text(4)).value_or(TaskOutcome::failed);
    run.done = row.integer(5);
    run.failed = row.integer(6);
    run.error = row.optionalText(7);
    return run;
  };
  Page<TaskRun> page;
  readPage(page, query, wanted.limit, read, [](const TaskRun& last) { return makeCursor({fmt::to_string(last.id)}); });
  return page;
}

void insertRun(store::Transaction& transaction, std::string_view task, const TaskRun& run) {
  transaction
      .query(
          "INSERT INTO task_runs (task, asked, began, ended, outcome, done, failed, error) VALUES (?, ?, ?, ?, ?, ?, "
          "?, "
          "?)",
          task, run.asked, run.began, run.ended, run.outcome, run.done, run.failed, run.error)
      .run();
  transaction
      .query(
          "DELETE FROM task_runs WHERE task = ?1 AND id <= "
          "(SELECT id FROM task_runs WHERE task = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)",
          task, runsKept)
      .run();
}

bool isBlobKnown(store::Reader& reader, std::string_view blob) {
  return reader.query("SELECT 1 FROM video_info WHERE blob = ?", blob).next() ||
         reader.query("SELECT 1 FROM blob_del_rec WHERE blob = ?", blob).next();
}

std::vector<VideoId> listPending(store::Reader& reader, const VideoId& after, Time until, Time now,
                                 std::int64_t limit) {
  std::vector<VideoId> all;
  auto query = reader.query(
      "SELECT id FROM video_info v WHERE state = 'pending' AND id > ? AND id < ? AND NOT EXISTS (SELECT 1 FROM shares "
      "WHERE video_id = v.id AND what = 'upload' AND expires > ?) ORDER BY id LIMIT ?",
      after, firstUuid7Of(until), now, limit);
  while (query.next()) all.push_back(VideoId{std::string(query.text(0))});
  return all;
}

}  // namespace video::rows
