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
      Field{"name", &TaskStatus::name, "the task"},
      Field{"state", &TaskStatus::state, "off, waiting or running"},
      Field{"plan", &TaskStatus::plan, "when it runs by itself"},
      Field{"last_run", &TaskStatus::lastRun, "when the last run began; null = never"},
      Field{"next_run", &TaskStatus::nextRun, "when it is due; null = nothing runs it by the clock"},
      Field{"runs", &TaskStatus::runs, "how often it ran"},
      Field{"done", &TaskStatus::done, "things worked off"},
      Field{"failed", &TaskStatus::failed, "things that failed"},
  };
};

template <>
struct Fields<TaskRun> {
  static constexpr std::string_view plural = "runs";
  static constexpr std::tuple list{
      Field{"id", &TaskRun::id, "counts up"},
      Field{"asked", &TaskRun::asked, "it was asked for"},
      Field{"began", &TaskRun::began, "when it began"},
      Field{"ended", &TaskRun::ended, "when it ended"},
      Field{"outcome", &TaskRun::outcome, "done, stopped, timed_out or failed"},
      Field{"done", &TaskRun::done, "things worked off"},
      Field{"failed", &TaskRun::failed, "things that failed"},
      Field{"error", &TaskRun::error, "why it failed"},
  };
};

template <>
struct Fields<TaskName> {
  static constexpr std::tuple list{Field{"name", &TaskName::name, "the task"}};
};

template <>
struct Fields<TaskRunQuery> {
  static constexpr std::tuple list =
      std::tuple_cat(std::tuple{Field{"name", &TaskRunQuery::name, "the task"}}, Fields<ListQuery>::list);
};

template <>
struct Fields<TaskAsked> {
  static constexpr std::tuple list{
      Field{"name", &TaskAsked::name, "the task"},
      Field{"asked", &TaskAsked::asked, "the run that was asked for begins then or later"},
  };
};

}  // namespace video
