#include "http/routing/openapi.hpp"

#include <algorithm>
#include <map>

#include "base/credential.hpp"
#include "base/error.hpp"
#include "base/schema.hpp"

namespace video::http {
namespace {

using Json = nlohmann::ordered_json;

// One path of the document; routes that differ only in the names of their parameters share it.
struct Path {
  std::string shown;
  std::vector<std::string> parameters;
  Json operations;
};

std::string withoutNames(std::string_view path) {
  std::string out;
  bool inside = false;
  for (const char c : path) {
    if (c == '}') inside = false;
    if (!inside) out += c;
    if (c == '{') inside = true;
  }
  return out;
}

Json content(std::string_view type, Json schema) {
  return {{std::string(type), {{"schema", std::move(schema)}}}};
}

Json binary() {
  return {{"type", "string"}, {"contentMediaType", "application/octet-stream"}};
}

// The request body of an upload.
Json uploadBody(const RouteEntry& entry) {
  const std::string part(entry.route.formPart);
  if (part.empty()) return content("application/octet-stream", binary());
  return content("multipart/form-data", {{"type", "object"}, {"required", {part}}, {"properties", {{part, binary()}}}});
}

Json parameter(const std::string& name, const char* in, const FieldSchema& field) {
  const bool required = in == std::string_view("path") || (field.required && !field.hasDefault);
  return {{"name", name},
          {"in", in},
          {"required", required},
          {"description", field.doc},
          {"schema", Json::parse(field.schema)}};
}

void addInput(Json& operation, const RouteEntry& entry, const Path& path, SchemaWriter& writer) {
  std::vector<FieldSchema> body;
  Json parameters = Json::array();
  for (const FieldSchema& field : entry.shapes.wanted(writer)) {
    const auto inPath = std::find_if(entry.parameters.begin(), entry.parameters.end(),
                                     [&](const auto& one) { return one.first == field.name; });
    if (inPath != entry.parameters.end())
      parameters.push_back(
          parameter(path.parameters[static_cast<std::size_t>(inPath - entry.parameters.begin())], "path", field));
    else if (entry.body == BodyUse::collect)
      body.push_back(field);
    else
      parameters.push_back(parameter(std::string(field.name), "query", field));
  }
  if (!parameters.empty()) operation["parameters"] = std::move(parameters);
  const bool needed = std::any_of(body.begin(), body.end(), [](const FieldSchema& one) { return one.required; });
  if (entry.body == BodyUse::stream)
    operation["requestBody"] = {{"required", true}, {"content", uploadBody(entry)}};
  else if (!body.empty())
    operation["requestBody"] = {{"required", needed},
                                {"content", content("application/json", Json::parse(SchemaWriter::object(body)))}};
}

Json answerOf(const RouteEntry& entry, SchemaWriter& writer) {
  Json answer{{"description", "Done"}};
  const std::string_view type = entry.route.mediaType;
  if (!type.empty())
    answer["content"] = content(type, type.starts_with("text/") ? Json{{"type", "string"}} : binary());
  else if (entry.shapes.given != nullptr)
    answer["content"] = content("application/json", Json::parse(entry.shapes.given(writer)));
  else if (entry.shapes.wanted == nullptr)
    answer["content"] = {{"*/*", Json::object()}};
  return answer;
}

Json errors() {
  const Json error{{"type", "object"},
                   {"required", {"error", "error_code", "request_id"}},
                   {"properties",
                    {{"error", {{"type", "string"}}},
                     {"error_code", {{"type", "string"}, {"pattern", "^[0-9]{3}$"}}},
                     {"detail", {{"type", "string"}}},
                     {"reason", {{"type", "string"}, {"description", "Reason code for programs, if there is one"}}},
                     {"request_id", {{"type", "string"}}}}}};
  return {{"Error",
           {{"description", "Error; the X-Error-Code header field also has the code"},
            {"content", content("application/json", error)}}},
          {"PlainError",
           {{"description", "Error message; the X-Error-Code header field has the code"},
            {"content", content("text/plain", {{"type", "string"}})}}}};
}

Json ways() {
  const auto key = [](const char* in, std::string_view name, const char* doc) {
    return Json{{"type", "apiKey"}, {"in", in}, {"name", name}, {"description", doc}};
  };
  return {{"header", key("header", credential_names::secretHeader, "Session or token")},
          {"cookie", key("cookie", credential_names::secretCookie, "Session, set by the server for browsers")},
          {"bearer", {{"type", "http"}, {"scheme", "bearer"}, {"description", "Session or token"}}}};
}

}  // namespace

std::string openApi(const std::vector<const RouteEntry*>& routes, const ApiInfo& info) {
  SchemaWriter writer("#/components/schemas/");
  std::vector<Path> paths;
  std::map<std::string, int> uses;
  for (const RouteEntry* entry : routes) {
    const Route& route = entry->route;
    if (route.roles == ListenerRole::web) continue;  // a page
    if (route.summary.empty()) throw Error(Fault::internal, fmt::format("operation {}: no summary", route.name));
    auto path = std::find_if(paths.begin(), paths.end(),
                             [&](const Path& one) { return withoutNames(one.shown) == withoutNames(route.path); });
    if (path == paths.end()) {
      Path fresh{std::string(route.path), {}, Json::object()};
      for (const auto& one : entry->parameters) fresh.parameters.emplace_back(one.first);
      path = paths.insert(paths.end(), std::move(fresh));
    }
    const int use = ++uses[std::string(route.name)];
    Json operation{{"operationId", use == 1 ? std::string(route.name) : fmt::format("{}.{}", route.name, use)},
                   {"summary", route.summary},
                   {"tags", {route.name.substr(0, route.name.find('.'))}}};
    if (entry->shapes.wanted != nullptr) addInput(operation, *entry, *path, writer);
    const Json failed{
        {"$ref", route.flags.plainErrors ? "#/components/responses/PlainError" : "#/components/responses/Error"}};
    operation["responses"] = {
        {std::to_string(route.success), answerOf(*entry, writer)}, {"4XX", failed}, {"5XX", failed}};
    std::string method(nameOf(route.method));
    for (char& c : method) c = static_cast<char>(c - 'A' + 'a');
    path->operations[method] = std::move(operation);
  }
  Json document{
      {"openapi", "3.1.0"},
      {"info",
       {{"title", info.title},
        {"version", info.version},
        {"description", info.description},
        {"license", {{"name", info.license}, {"identifier", info.license}}}}},
      {"servers", {{{"url", "/"}}}},
      {"security",
       {Json::object(), {{"header", Json::array()}}, {{"cookie", Json::array()}}, {{"bearer", Json::array()}}}}};
  for (Path& path : paths) document["paths"][path.shown] = std::move(path.operations);
  document["components"]["responses"] = errors();
  document["components"]["securitySchemes"] = ways();
  for (const auto& [name, schema] : writer.named()) document["components"]["schemas"][name] = Json::parse(schema);
  return document.dump();
}

}  // namespace video::http
