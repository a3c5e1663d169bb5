"""What custom resources may hold: fields and types as their projects' Go types have them, none besides.

LeaderWorkerSet v1 (api/leaderworkerset/v1/leaderworkerset_types.go of kubernetes-sigs/lws), RayService v1
(ray-operator/apis/ray/v1 of ray-project/kuberay, authOptions from 1.5.1 on), ScaledObject v1alpha1,
PodMonitor and PrometheusRule v1. Only what is used of them; no index has a package with the schemas of all four.
"""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
COUNT: Schema = {"type": "integer", "minimum": 0}
TEXTS: Schema = {"type": "object", "additionalProperties": TEXT}
POD: Schema = {"type": "object"}
"""A pod's template: held against Kubernetes' own schema."""


def fields(needed: str = "", **known: Schema) -> Schema:
    return {"type": "object", "additionalProperties": False, "required": needed.split(), "properties": known}


def one_of(*values: str) -> Schema:
    return {"enum": list(values)}


def rows(of: Schema) -> Schema:
    return {"type": "array", "items": of, "minItems": 1}


_META = fields("name namespace", name=TEXT, namespace=TEXT, labels=TEXTS)


def _resource(api: str, kind: str, spec: Schema) -> Schema:
    return fields(
        "apiVersion kind metadata spec", apiVersion=one_of(api), kind=one_of(kind), metadata=_META, spec=spec
    )


_POLICIES = rows(
    fields(
        "type value periodSeconds", type=one_of("Pods", "Percent"), value=COUNT, periodSeconds={"maximum": 1800}
    )
)
_SCALING = fields(stabilizationWindowSeconds={"type": "integer", "maximum": 3600}, policies=_POLICIES)

CRDS: dict[str, Schema] = {
    "LeaderWorkerSet": _resource(
        "leaderworkerset.x-k8s.io/v1",
        "LeaderWorkerSet",
        fields(
            "leaderWorkerTemplate",
            replicas=COUNT,
            startupPolicy=one_of("LeaderCreated", "LeaderReady"),
            rolloutStrategy=fields(
                "type",
                type=one_of("RollingUpdate"),
                rollingUpdateConfiguration=fields(partition=COUNT, maxSurge=COUNT, maxUnavailable=COUNT),
            ),
            networkConfig=fields(subdomainPolicy=one_of("Shared", "UniquePerReplica")),
            leaderWorkerTemplate=fields(
                "workerTemplate",
                size=COUNT,
                restartPolicy=one_of("RecreateGroupOnPodRestart", "RecreateGroupAfterStart", "None"),
                leaderTemplate=POD,
                workerTemplate=POD,
            ),
        ),
    ),
    "RayService": _resource(
        "ray.io/v1",
        "RayService",
        fields(
            "rayClusterConfig serveConfigV2",
            deploymentUnhealthySecondThreshold=COUNT,
            serveConfigV2=TEXT,
            rayClusterConfig=fields(
                "headGroupSpec",
                rayVersion=TEXT,
                authOptions=fields("mode", mode=one_of("token", "disabled")),
                enableInTreeAutoscaling={"type": "boolean"},
                headGroupSpec=fields("rayStartParams template", rayStartParams=TEXTS, template=POD),
                workerGroupSpecs=rows(
                    fields(
                        "groupName minReplicas maxReplicas rayStartParams template",
                        groupName=TEXT,
                        replicas=COUNT,
                        minReplicas=COUNT,
                        maxReplicas=COUNT,
                        rayStartParams=TEXTS,
                        template=POD,
                    )
                ),
            ),
        ),
    ),
    "ScaledObject": _resource(
        "keda.sh/v1alpha1",
        "ScaledObject",
        fields(
            "scaleTargetRef triggers",
            scaleTargetRef=fields("name", apiVersion=TEXT, kind=TEXT, name=TEXT),
            minReplicaCount=COUNT,
            maxReplicaCount=COUNT,
            pollingInterval=COUNT,
            advanced=fields(
                horizontalPodAutoscalerConfig=fields(behavior=fields(scaleUp=_SCALING, scaleDown=_SCALING))
            ),
            # All of a trigger's metadata is text, its numbers as well.
            triggers=rows(
                fields(
                    "type metadata",
                    type=one_of("prometheus"),
                    metricType=one_of("AverageValue", "Value"),
                    metadata=TEXTS | {"required": ["serverAddress", "query", "threshold"]},
                )
            ),
        ),
    ),
    "PodMonitor": _resource(
        "monitoring.coreos.com/v1",
        "PodMonitor",
        fields(
            "selector",
            jobLabel=TEXT,
            selector=fields(matchLabels=TEXTS),
            podMetricsEndpoints=rows(fields(port=TEXT, path=TEXT, interval=TEXT)),
        ),
    ),
    "PrometheusRule": _resource(
        "monitoring.coreos.com/v1",
        "PrometheusRule",
        fields(
            groups=rows(
                fields(
                    "name rules",
                    name=TEXT,
                    rules=rows(
                        {
                            "oneOf": [
                                fields("record expr", record=TEXT, expr=TEXT),
                                fields(
                                    "alert expr",
                                    alert=TEXT,
                                    expr=TEXT,
                                    labels=TEXTS,
                                    annotations=TEXTS,
                                    **{"for": TEXT},
                                ),
                            ]
                        }
                    ),
                )
            )
        ),
    ),
}

_PROBE = fields(initialDelaySeconds=COUNT, periodSeconds=COUNT, failureThreshold=COUNT, httpGet=POD)
_ANY: Schema = {}
CHART = fields(
    servingEngineSpec=fields(
        labels=TEXTS,
        containerPort=COUNT,
        startupProbe=_PROBE,
        imagePullPolicy=one_of("Always", "IfNotPresent", "Never"),
        containerSecurityContext=POD,
        modelSpec=rows(
            fields(
                "name repository tag modelURL replicaCount requestGPU vllmConfig",
                **dict.fromkeys(("name", "repository", "tag", "modelURL"), TEXT),
                **dict.fromkeys(("requestMemory", "limitMemory", "shmSize"), TEXT),
                **dict.fromkeys(("replicaCount", "requestCPU", "requestGPU", "limitCPU"), COUNT),
                **dict.fromkeys(("env", "extraVolumes", "extraVolumeMounts"), rows(POD)),
                vllmConfig=fields(
                    enablePrefixCaching={"const": True},
                    tensorParallelSize=COUNT,
                    extraArgs={"type": "array", "items": TEXT},
                ),
                keda=fields(
                    enabled={"const": True},
                    minReplicaCount=COUNT,
                    maxReplicaCount=COUNT,
                    pollingInterval=COUNT,
                    triggers=rows(fields(type=one_of("prometheus"), metadata=TEXTS)),
                ),
            )
        ),
    ),
    routerSpec=fields(
        "repository tag routingLogic",
        repository=TEXT,
        tag=TEXT,
        imagePullPolicy=TEXT,
        labels=TEXTS,
        routingLogic=one_of("roundrobin", "session", "prefixaware", "kvaware", "disaggregated_prefill"),
        sessionKey=TEXT,
        resources=POD,
    ),
)
"""Values of the chart vllm-stack, as used (helm/values.yaml of vllm-project/production-stack)."""
