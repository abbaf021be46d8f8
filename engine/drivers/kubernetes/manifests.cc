// SPDX-License-Identifier: MPL-2.0
#include "engine/drivers/kubernetes/manifests.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "engine/drivers/kubernetes/client.h"
#include "engine/drivers/kubernetes/files.h"

namespace dbaas::kubernetes {
namespace {

/// A StatefulSet's pods have a label with its name and a hash of ten characters and a hyphen.
constexpr std::size_t kLongestInstance = 52;
constexpr std::size_t kLongestLabel = 63;
/// The group of volumes where the object does not say which one the instance runs as.
constexpr int kVolumeGroup = 2000;
/// The kernel shares cores among those who want them; memory it cannot share.
constexpr double kReservedShareOfCpu = 0.25;
constexpr const char* kDefaultSignal = "SIGTERM";

std::string Text(std::string_view text) { return std::string(text); }

std::string ObjectText(const ObjectId& id) {
  return fmt::format("{}/{}", ToString(id.kind), id.name);
}

std::string NetworkLabel(const std::string& network) { return "network.dbaas/" + network; }

Json LabelsOf(const Object& object) {
  Json labels = {{kLabelManagedBy, kManagedBy}, {kLabelCluster, object.cluster}};
  if (!object.member.empty()) labels[Text(kLabelMember)] = object.member;
  if (object.id.kind == ObjectKind::kInstance) labels[Text(kLabelInstance)] = object.id.name;
  return labels;
}

/// Of the thing that is the object itself, with its fingerprint, and of those that are with it.
Json AnnotationsOf(const Object& object, bool is_itself) {
  Json annotations = {{kLabelPart, object.part}, {kLabelObject, ObjectText(object.id)}};
  if (is_itself) annotations[Text(kLabelFingerprint)] = object.fingerprint;
  return annotations;
}

Json MetadataOf(const Object& object, const std::string& name, const KubernetesOptions& options,
                bool is_itself) {
  return {{"name", name},
          {"namespace", options.namespace_name},
          {"labels", LabelsOf(object)},
          {"annotations", AnnotationsOf(object, is_itself)}};
}

Json SelectInstance(const Object& object) { return {{kLabelInstance, object.id.name}}; }

/// Whom the files belong to; nothing when the image says who it is.
std::optional<std::pair<int, int>> UserOf(const InstanceSpec& instance) {
  for (const File& file : instance.files) {
    if (file.uid != 0) return std::pair(file.uid, file.gid);
  }
  return std::nullopt;
}

Json PodSecurity(const InstanceSpec& instance) {
  const auto user = UserOf(instance);
  Json security = {{"runAsNonRoot", true},
                   {"seccompProfile", {{"type", "RuntimeDefault"}}},
                   {"fsGroup", user ? user->second : kVolumeGroup},
                   // Otherwise each start would open a database's files to the group, and the
                   // database would refuse them.
                   {"fsGroupChangePolicy", "OnRootMismatch"}};
  if (user) {
    security["runAsUser"] = user->first;
    security["runAsGroup"] = user->second;
  }
  return security;
}

Json ContainerSecurity() {
  return {{"allowPrivilegeEscalation", false},
          {"readOnlyRootFilesystem", true},
          {"capabilities", {{"drop", {"ALL"}}}}};
}

Json ResourcesOf(const InstanceSpec& instance) {
  Json limits = Json::object();
  Json requests = Json::object();
  if (instance.resources.cpu > 0) {
    const auto milli = [](double cpu) {
      return fmt::format("{}m", std::max<long>(1, std::lround(cpu * 1000)));
    };
    limits["cpu"] = milli(instance.resources.cpu);
    requests["cpu"] = milli(instance.resources.cpu * kReservedShareOfCpu);
  }
  if (instance.resources.memory_bytes > 0) {
    limits["memory"] = std::to_string(instance.resources.memory_bytes);
    requests["memory"] = limits["memory"];
  }
  return {{"limits", limits}, {"requests", requests}};
}

Json VolumesOf(const Object& object) {
  const InstanceSpec& instance = object.instance;
  Json volumes =
      Json::array({{{"name", "own"}, {"emptyDir", Json::object()}},
                   {{"name", "files"},
                    {"secret", {{"secretName", FilesOf(object.id.name)}, {"defaultMode", 0440}}}}});
  if (instance.shm_bytes > 0) {
    volumes.push_back(
        {{"name", "shm"},
         {"emptyDir", {{"medium", "Memory"}, {"sizeLimit", std::to_string(instance.shm_bytes)}}}});
  }
  for (std::size_t number = 0; number < instance.mounts.size(); ++number) {
    volumes.push_back({{"name", fmt::format("volume-{}", number)},
                       {"persistentVolumeClaim", {{"claimName", instance.mounts[number].volume}}}});
  }
  return volumes;
}

/// Of those among `chosen`.
Json VolumeMounts(const InstanceSpec& instance, const std::vector<Mount>& chosen) {
  Json mounts = Json::array();
  for (std::size_t number = 0; number < instance.mounts.size(); ++number) {
    const auto is_it = [&](const Mount& mount) {
      return mount.path == instance.mounts[number].path;
    };
    if (std::none_of(chosen.begin(), chosen.end(), is_it)) continue;
    mounts.push_back(
        {{"name", fmt::format("volume-{}", number)}, {"mountPath", instance.mounts[number].path}});
  }
  return mounts;
}

/// Never one of our own images: what a public registry has by that name is not ours, and would get
/// the databases' secrets.
const char* PullPolicy(const std::string& image) {
  return image.starts_with("dbaas/") ? "Never" : "IfNotPresent";
}

Json InitContainer(const Object& object) {
  Json mounts = VolumeMounts(object.instance, MountsWithFiles(object.instance));
  mounts.push_back({{"name", "own"}, {"mountPath", kOwnFolder}});
  mounts.push_back({{"name", "files"}, {"mountPath", kFilesFolder}, {"readOnly", true}});
  return {{"name", "files"},
          {"image", object.instance.image},
          {"imagePullPolicy", PullPolicy(object.instance.image)},
          {"command", PrepareCommand(object.instance)},
          {"resources", ResourcesOf(object.instance)},
          {"securityContext", ContainerSecurity()},
          {"volumeMounts", mounts}};
}

Json MainContainer(const Object& object) {
  const InstanceSpec& instance = object.instance;
  Json environment = Json::array();
  for (const auto& [name, value] : instance.environment) {
    environment.push_back({{"name", name}, {"value", value}});
  }
  Json ports = Json::array();
  for (const Port& port : instance.ports) {
    ports.push_back({{"containerPort", port.container_port}, {"protocol", "TCP"}});
  }
  Json mounts = VolumeMounts(instance, instance.mounts);
  for (const std::string& folder : OwnFolders(instance)) {
    mounts.push_back({{"name", "own"}, {"mountPath", folder}, {"subPath", folder.substr(1)}});
  }
  if (instance.shm_bytes > 0) mounts.push_back({{"name", "shm"}, {"mountPath", "/dev/shm"}});
  Json container = {{"name", kContainer},
                    {"image", instance.image},
                    {"imagePullPolicy", PullPolicy(instance.image)},
                    {"resources", ResourcesOf(instance)},
                    {"securityContext", ContainerSecurity()},
                    {"volumeMounts", mounts}};
  if (!instance.command.empty()) container["args"] = instance.command;
  if (!environment.empty()) container["env"] = environment;
  if (!ports.empty()) container["ports"] = ports;
  const std::string& signal = instance.stop_signal;
  if (!signal.empty() && signal != kDefaultSignal && signal != "SIGKILL") {
    // The runtime sends what the image says. A hook before it comes first, and is given the whole
    // time.
    std::vector<std::string> stop = SignalCommand(signal);
    stop.back() += "; while kill -0 1 2>/dev/null; do sleep 0.2; done";
    container["lifecycle"] = {{"preStop", {{"exec", {{"command", stop}}}}}};
  }
  return container;
}

/// Nobody waits for a place where none of the cluster's others is; it is only better.
Json Affinity(const Object& object) {
  Json terms = Json::array();
  for (const auto& [key, weight] :
       {std::pair("kubernetes.io/hostname", 100), std::pair("topology.kubernetes.io/zone", 50)}) {
    terms.push_back({{"weight", weight},
                     {"podAffinityTerm",
                      {{"topologyKey", key},
                       {"labelSelector", {{"matchLabels", {{kLabelCluster, object.cluster}}}}}}}});
  }
  return {{"podAntiAffinity", {{"preferredDuringSchedulingIgnoredDuringExecution", terms}}}};
}

/// 0 would let the API server forget a pod whose processes still run.
int GraceSeconds(const InstanceSpec& instance) {
  if (instance.stop_signal == "SIGKILL") return 1;
  return std::max(1, instance.stop_timeout_seconds);
}

Json PublishedPorts(const Object& object, const KubernetesOptions& options) {
  Json ports = Json::array();
  for (const Port& port : object.instance.ports) {
    if (port.host_port == 0) continue;
    Json published = {{"name", fmt::format("port-{}", port.host_port)},
                      {"port", port.host_port},
                      {"targetPort", port.container_port},
                      {"protocol", "TCP"}};
    if (options.service_type == "NodePort") published["nodePort"] = port.host_port;
    ports.push_back(std::move(published));
  }
  return ports;
}

/// kubectl's word for an object's kind, which is what people will look for.
const char* KubernetesWord(ObjectKind kind) {
  switch (kind) {
    case ObjectKind::kNetwork: return "networkpolicy";
    case ObjectKind::kVolume: return "persistentvolumeclaim";
    case ObjectKind::kInstance: return "statefulset";
  }
  return "object";
}

}  // namespace

std::string PodOf(const std::string& instance) { return instance + "-0"; }
std::string FilesOf(const std::string& instance) { return instance + "-files"; }
std::string PublishedOf(const std::string& instance) { return instance + "-published"; }

std::string AddressOf(const std::string& instance, const KubernetesOptions& options) {
  return fmt::format("{}.{}.svc.{}", instance, options.namespace_name, options.cluster_domain);
}

Result<void> CheckCanBe(const Object& object) {
  if (object.cluster.size() > kLongestLabel) {
    return Invalid("name",
                   fmt::format("cluster name {} is too long for Kubernetes", object.cluster),
                   fmt::format("It takes {} characters.", kLongestLabel));
  }
  if (!object.directory.empty()) {
    return Invalid("backup_directory", "a Kubernetes host has no directories of its own",
                   "Leave it out, and the backups get a volume, or name a bucket.");
  }
  if (object.id.kind != ObjectKind::kInstance) return Ok();
  if (object.id.name.size() > kLongestInstance) {
    return Invalid("name", fmt::format("name {} is too long for Kubernetes", object.id.name),
                   fmt::format("It takes {} characters.", kLongestInstance));
  }
  if (object.instance.control_socket) {
    return Internal("a Kubernetes host has no control socket to give to " + object.id.name);
  }
  return CheckFiles(object.instance);
}

Json StatefulSetOf(const Object& object, const KubernetesOptions& options) {
  Json labels = LabelsOf(object);
  for (const std::string& network : object.instance.networks) {
    labels[NetworkLabel(network)] = "member";
  }
  const Json pod = {{"automountServiceAccountToken", false},
                    {"enableServiceLinks", false},
                    {"terminationGracePeriodSeconds", GraceSeconds(object.instance)},
                    {"securityContext", PodSecurity(object.instance)},
                    {"affinity", Affinity(object)},
                    {"initContainers", Json::array({InitContainer(object)})},
                    {"containers", Json::array({MainContainer(object)})},
                    {"volumes", VolumesOf(object)}};
  return {{"apiVersion", "apps/v1"},
          {"kind", "StatefulSet"},
          {"metadata", MetadataOf(object, object.id.name, options, true)},
          {"spec",
           {{"replicas", 1},
            {"serviceName", object.id.name},
            {"podManagementPolicy", "Parallel"},
            // Nothing is started anew but by a plan that says so.
            {"updateStrategy", {{"type", "OnDelete"}}},
            {"selector", {{"matchLabels", SelectInstance(object)}}},
            {"template",
             {{"metadata", {{"labels", labels}, {"annotations", AnnotationsOf(object, true)}}},
              {"spec", pod}}}}}};
}

Json ServiceOf(const Object& object, const KubernetesOptions& options) {
  return {{"apiVersion", "v1"},
          {"kind", "Service"},
          {"metadata", MetadataOf(object, object.id.name, options, false)},
          {"spec",
           {{"clusterIP", "None"},
            // Members find each other while none of them is ready yet.
            {"publishNotReadyAddresses", true},
            {"selector", SelectInstance(object)}}}};
}

std::optional<Json> PublishedServiceOf(const Object& object, const KubernetesOptions& options) {
  Json ports = PublishedPorts(object, options);
  if (ports.empty()) return std::nullopt;
  return Json{{"apiVersion", "v1"},
              {"kind", "Service"},
              {"metadata", MetadataOf(object, PublishedOf(object.id.name), options, false)},
              {"spec",
               {{"type", options.service_type},
                {"selector", SelectInstance(object)},
                {"ports", std::move(ports)}}}};
}

std::optional<Json> PublishedPolicyOf(const Object& object, const KubernetesOptions& options) {
  Json ports = Json::array();
  for (const Port& port : object.instance.ports) {
    if (port.host_port != 0) ports.push_back({{"port", port.container_port}, {"protocol", "TCP"}});
  }
  if (ports.empty()) return std::nullopt;
  return Json{{"apiVersion", "networking.k8s.io/v1"},
              {"kind", "NetworkPolicy"},
              {"metadata", MetadataOf(object, PublishedOf(object.id.name), options, false)},
              {"spec",
               {{"podSelector", {{"matchLabels", SelectInstance(object)}}},
                {"policyTypes", {"Ingress"}},
                {"ingress", Json::array({{{"ports", std::move(ports)}}})}}}};
}

Json SecretOf(const Object& object, const KubernetesOptions& options) {
  Json metadata = MetadataOf(object, FilesOf(object.id.name), options, false);
  metadata["labels"][Text(kLabelStore)] = "files";
  const std::string files = FileStream(object.instance, FileChoice::kCompared);
  const std::string once = FileStream(object.instance, FileChoice::kCreateOnly);
  return {{"apiVersion", "v1"},
          {"kind", "Secret"},
          {"type", "dbaas/files"},
          {"metadata", std::move(metadata)},
          {"data",
           {{kFilesKey, Base64(files)},
            {kOnceKey, Base64(once)},
            {kSumKey, Base64(SumOf(files, once))}}}};
}

Json ClaimOf(const Object& object, const KubernetesOptions& options) {
  Json claim = {
      {"apiVersion", "v1"},
      {"kind", "PersistentVolumeClaim"},
      {"metadata", MetadataOf(object, object.id.name, options, true)},
      {"spec",
       {{"accessModes", {"ReadWriteOnce"}},
        {"resources", {{"requests", {{"storage", std::to_string(options.volume_bytes)}}}}}}}};
  if (!options.storage_class.empty()) claim["spec"]["storageClassName"] = options.storage_class;
  return claim;
}

Json PolicyOf(const Object& object, const KubernetesOptions& options) {
  const Json members = {{"matchLabels", {{NetworkLabel(object.id.name), "member"}}}};
  return {{"apiVersion", "networking.k8s.io/v1"},
          {"kind", "NetworkPolicy"},
          {"metadata", MetadataOf(object, object.id.name, options, true)},
          {"spec",
           {{"podSelector", members},
            {"policyTypes", {"Ingress"}},
            {"ingress", Json::array({{{"from", Json::array({{{"podSelector", members}}})}}})}}}};
}

Owner ReadOwner(const Json& thing) {
  const Json& metadata = GetMember(thing, "metadata");
  const Json& labels = GetMember(metadata, "labels");
  const Json& annotations = GetMember(metadata, "annotations");
  return {.managed = GetString(labels, kLabelManagedBy) == kManagedBy,
          .cluster = GetString(labels, kLabelCluster),
          .object = GetString(annotations, kLabelObject),
          .part = GetString(annotations, kLabelPart),
          .member = GetString(labels, kLabelMember),
          .fingerprint = GetString(annotations, kLabelFingerprint)};
}

Result<void> CheckIsOurs(const Json& thing, const ObjectId& id, const std::string& host) {
  const Owner owner = ReadOwner(thing);
  if (owner.managed && owner.object == ObjectText(id)) return Ok();
  std::string kind = GetString(thing, "kind", KubernetesWord(id.kind));
  std::transform(kind.begin(), kind.end(), kind.begin(),
                 [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
  return Conflict(fmt::format("{} {} on host {} is not managed by dbaas", kind,
                              GetString(GetMember(thing, "metadata"), "name", id.name), host),
                  "Rename or remove it, or choose another name.");
}

Result<void> CheckIsSame(const Json& thing, const Object& object, const std::string& host) {
  TRY(CheckIsOurs(thing, object.id, host));
  const Owner owner = ReadOwner(thing);
  const char* const word = KubernetesWord(object.id.kind);
  if (owner.cluster != object.cluster) {
    return Conflict(fmt::format("{} {} on host {} belongs to cluster {}", word, object.id.name,
                                host, owner.cluster),
                    "Choose another name.");
  }
  if (owner.fingerprint != object.fingerprint) {
    return Conflict(
        fmt::format("{} {} on host {} exists with other settings", word, object.id.name, host),
        fmt::format("Its fingerprint is {}, not {}.", owner.fingerprint, object.fingerprint));
  }
  return Ok();
}

std::string AppliedSum(const std::vector<const Json*>& things) {
  std::string fields;
  for (const Json* thing : things) {
    fields += '|';
    if (thing == nullptr) continue;
    const Json& entries = GetMember(GetMember(*thing, "metadata"), "managedFields");
    if (!entries.is_array()) continue;
    for (const Json& entry : entries) {
      if (GetString(entry, "manager") != kFieldManager ||
          GetString(entry, "operation") != "Apply") {
        continue;
      }
      Json ours = GetMember(entry, "fieldsV1");
      if (ours.contains("f:spec")) ours["f:spec"].erase("f:replicas");
      fields += Dump(ours);
    }
  }
  return FingerprintOf(fields);
}

std::string Selector(const std::optional<std::string>& cluster) {
  std::string selector = fmt::format("{}={}", kLabelManagedBy, kManagedBy);
  if (cluster) selector += fmt::format(",{}={}", kLabelCluster, *cluster);
  return selector;
}

}  // namespace dbaas::kubernetes
