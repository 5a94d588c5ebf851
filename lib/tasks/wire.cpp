#include "http/client/client.hpp"
#include "http/routing/router.hpp"
#include "tasks/fields.hpp"
#include "tasks/make.hpp"

namespace video {
namespace {

namespace wire {
using http::Endpoint;
using http::Method;
constexpr Endpoint<Nothing, Page<TaskStatus>> list{{.name = "tasks.list",
                                                    .method = Method::get,
                                                    .path = "/tasks",
                                                    .roles = http::scheduler,
                                                    .summary = "List the scheduler's tasks"}};
constexpr Endpoint<TaskName, TaskStatus> show{{.name = "tasks.show",
                                               .method = Method::get,
                                               .path = "/tasks/{name}",
                                               .roles = http::scheduler,
                                               .summary = "Show a task"}};
constexpr Endpoint<TaskName, TaskAsked> run{{.name = "tasks.run",
                                             .method = Method::post,
                                             .path = "/tasks/{name}/run",
                                             .success = 202,
                                             .roles = http::scheduler,
                                             .summary = "Run a task now"}};
constexpr Endpoint<TaskRunQuery, Page<TaskRun>> history{{.name = "tasks.history",
                                                         .method = Method::get,
                                                         .path = "/tasks/{name}/history",
                                                         .roles = http::scheduler,
                                                         .summary = "List the last runs of a task"}};
}  // namespace wire

class RemoteTasks : public Tasks {
 public:
  explicit RemoteTasks(http::Client& server) : server_(server) {}
  Page<TaskStatus> list(const Credential& by, const Nothing& wanted) override {
    return server_.call(wire::list, by, wanted);
  }
  TaskStatus show(const Credential& by, const TaskName& wanted) override {
    return server_.call(wire::show, by, wanted);
  }
  TaskAsked run(const Credential& by, const TaskName& wanted) override { return server_.call(wire::run, by, wanted); }
  Page<TaskRun> history(const Credential& by, const TaskRunQuery& wanted) override {
    return server_.call(wire::history, by, wanted);
  }

 private:
  http::Client& server_;
};

}  // namespace

std::unique_ptr<Tasks> makeRemoteTasks(http::Client& server) {
  return std::make_unique<RemoteTasks>(server);
}

void serveTasks(http::Router& router, Tasks& tasks) {
  router.serve(wire::list, [&](auto& by, auto& wanted) { return tasks.list(by, wanted); });
  router.serve(wire::show, [&](auto& by, auto& wanted) { return tasks.show(by, wanted); });
  router.serve(wire::run, [&](auto& by, auto& wanted) { return tasks.run(by, wanted); });
  router.serve(wire::history, [&](auto& by, auto& wanted) { return tasks.history(by, wanted); });
}

}  // namespace video
