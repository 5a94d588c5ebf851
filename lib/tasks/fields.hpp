#pragma once

#include <array>
#include <utility>

#include "tasks/tasks.hpp"

namespace video {

template <>
struct Names<TaskState> {
  static constexpr std::array list{std::pair{TaskState::off, "off"}, std::pair{TaskState::waiting, "waiting"},
                                   std::pair{TaskState::running, "running"}};
};

template <>
struct Names<TaskOutcome> {
  static constexpr std::array list{std::pair{TaskOutcome::done, "done"}, std::pair{TaskOutcome::stopped, "stopped"},
                                   std::pair{TaskOutcome::timedOut, "timed_out"},
                                   std::pair{TaskOutcome::failed, "failed"}};
};

template <>
struct Fields<TaskStatus> {
  static constexpr std::string_view plural = "tasks";
  static constexpr std::tuple list{
      Field{"name", &TaskStatus::name, "name of the task"},
      Field{"state", &TaskStatus::state, "off, waiting or running"},
      Field{"plan", &TaskStatus::plan, "interval or crontab fields"},
      Field{"last_run", &TaskStatus::lastRun, "when the last run began; null = never"},
      Field{"next_run", &TaskStatus::nextRun, "when the next run is due; null = not scheduled"},
      Field{"runs", &TaskStatus::runs, "number of runs"},
      Field{"done", &TaskStatus::done, "items completed"},
      Field{"failed", &TaskStatus::failed, "items that failed"},
  };
};

template <>
struct Fields<TaskRun> {
  static constexpr std::string_view plural = "runs";
  static constexpr std::tuple list{
      Field{"id", &TaskRun::id, "number of the run, ascending"},
      Field{"asked", &TaskRun::asked, "whether the run was requested"},
      Field{"began", &TaskRun::began, "when the run began"},
      Field{"ended", &TaskRun::ended, "when the run ended"},
      Field{"outcome", &TaskRun::outcome, "done, stopped, timed_out or failed"},
      Field{"done", &TaskRun::done, "items completed"},
      Field{"failed", &TaskRun::failed, "items that failed"},
      Field{"error", &TaskRun::error, "why the run failed"},
  };
};

template <>
struct Fields<TaskName> {
  static constexpr std::tuple list{Field{"name", &TaskName::name, "name of the task"}};
};

template <>
struct Fields<TaskRunQuery> {
  static constexpr std::tuple list =
      std::tuple_cat(std::tuple{Field{"name", &TaskRunQuery::name, "name of the task"}}, Fields<ListQuery>::list);
};

template <>
struct Fields<TaskAsked> {
  static constexpr std::tuple list{
      Field{"name", &TaskAsked::name, "name of the task"},
      Field{"asked", &TaskAsked::asked, "when the run was requested; it begins then or later"},
  };
};

}  // namespace video
