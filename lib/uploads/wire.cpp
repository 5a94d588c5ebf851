#include "http/client.hpp"
#include "http/router.hpp"
#include "uploads/fields.hpp"

namespace video {
namespace {

namespace wire {
using http::Endpoint;
using http::Method;
constexpr Endpoint<Upload, Uploaded> form{{"uploads.put", Method::post, "/upload/{id}", 201, http::stream, true}};
constexpr Endpoint<Upload, Uploaded> put{{"uploads.put", Method::put, "/upload/{id}", 201, http::stream, true}};
constexpr Endpoint<BeginUpload, UploadStatus> begin{
    {"uploads.begin", Method::post, "/upload/{id}/begin", 200, http::stream}};
constexpr Endpoint<BeginUpload, UploadStatus> status{
    {"uploads.status", Method::get, "/upload/{id}/status", 200, http::stream}};
}  // namespace wire

class RemoteUploads : public Uploads {
 public:
  explicit RemoteUploads(http::Client& server) : server_(server) {}
  UploadStatus begin(const Credential& by, const BeginUpload& wanted) override {
    return server_.call(wire::begin, by, wanted);
  }
  Uploaded put(const Credential& by, const Upload& wanted, const ByteSource& bytes) override {
    BeginUpload first{wanted.id, std::nullopt, wanted.digest};
    if (bytes.size) first.size = static_cast<std::int64_t>(*bytes.size);
    const bool replaced = begin(by, first).ready;  // a refusal is known before a byte is sent
    server_.send(wire::put, by, wanted, bytes);
    const UploadStatus now = status(by, first);
    return {now.id, replaced, now.size, now.sha256, now.contentType};
  }
  UploadStatus status(const Credential& by, const BeginUpload& wanted) override {
    return server_.call(wire::status, by, wanted);
  }

 private:
  http::Client& server_;
};

}  // namespace

std::unique_ptr<Uploads> makeRemoteUploads(http::Client& server) {
  return std::make_unique<RemoteUploads>(server);
}

void serveUploads(http::Router& router, Uploads& uploads) {
  const auto take = [&](auto& by, auto& wanted, const ByteSource& bytes) { return uploads.put(by, wanted, bytes); };
  const auto answer = [](const Uploaded& given, const http::Exchange& exchange, http::Answer& said) {
    said.content.clear();
    said.headers.clear();  // of the JSON
    if (given.replaced && exchange.route.method == http::Method::put) {
      said.status = 204;
      return;
    }
    said.set("Content-Type", "text/plain; charset=utf-8");
    said.content.push_back({"Uploaded successfully", nullptr, 0, 0});
  };
  router.serveUpload(wire::form, take, answer);
  router.serveUpload(wire::put, take, answer);
  router.serve(wire::begin, [&](auto& by, auto& wanted) { return uploads.begin(by, wanted); });
  router.serve(wire::status, [&](auto& by, auto& wanted) { return uploads.status(by, wanted); });
}

}  // namespace video
