#include "http/client.hpp"
#include "http/router.hpp"
#include "tasks/fields.hpp"

namespace video {
namespace {

namespace wire {
using http::Endpoint;
using http::Method;
constexpr Endpoint<Nothing, Page<TaskStatus>> list{{"tasks.list", Method::get, "/tasks", 200, http::scheduler}};
constexpr Endpoint<TaskName, TaskStatus> show{{"tasks.show", Method::get, "/tasks/{name}", 200, http::scheduler}};
constexpr Endpoint<TaskName, TaskAsked> run{{"tasks.run", Method::post, "/tasks/{name}/run", 202, http::scheduler}};
constexpr Endpoint<TaskRunQuery, Page<TaskRun>> history{
    {"tasks.history", Method::get, "/tasks/{name}/history", 200, http::scheduler}};
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
