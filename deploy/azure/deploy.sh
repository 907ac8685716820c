#!/usr/bin/env bash
# What main.bicep deploys, by commands of the Azure CLI. Run again it changes nothing. README.md tells what it takes.
#
#   RESOURCE_GROUP         exists already; the region is its own unless LOCATION says otherwise
#   NAMESPACE_NAME         Event Hubs namespace; nobody else may have the name
#   STORAGE_ACCOUNT_NAME   3 to 24 lower-case letters and digits; the same
#   PRINCIPAL_ID           object id of the login's service principal or managed identity, not its client id
#   OPENAI_ACCOUNT_IDS, API_MANAGEMENT_IDS, LLM_API_IDS, ONLINE_ENDPOINT_IDS
#                          resource ids, with blanks between them
#   LOG_MESSAGES=true      API Management logs prompts and answers of LLM_API_IDS as well
#   EVENT_HUB_NAME, CONSUMER_GROUP_NAME, PARTITION_COUNT, RETENTION_HOURS, THROUGHPUT_UNITS, MAXIMUM_THROUGHPUT_UNITS,
#   OPENAI_CATEGORIES, API_MANAGEMENT_CATEGORIES, ONLINE_ENDPOINT_CATEGORIES
#                          as the parameters of main.bicep, with the same defaults
set -euo pipefail

: "${RESOURCE_GROUP:?}" "${NAMESPACE_NAME:?}" "${STORAGE_ACCOUNT_NAME:?}" "${PRINCIPAL_ID:?}"
location=${LOCATION:-$(az group show --name "$RESOURCE_GROUP" --query location --output tsv)}
hub=${EVENT_HUB_NAME:-insights-logs}
group=${CONSUMER_GROUP_NAME:-aoai-collector}
units=${THROUGHPUT_UNITS:-1}
most_units=${MAXIMUM_THROUGHPUT_UNITS:-4}
openai_categories=${OPENAI_CATEGORIES:-RequestResponse Audit Trace AzureOpenAIRequestUsage ManagedNetworkEvent}
gateway_categories=${API_MANAGEMENT_CATEGORIES:-GatewayLogs GatewayLlmLogs GatewayMCPLogs}
endpoint_categories=${ONLINE_ENDPOINT_CATEGORIES:-AmlOnlineEndpointTrafficLog AmlOnlineEndpointEventLog AmlOnlineEndpointConsoleLog}

subscription=$(az account show --query id --output tsv)
tenant=$(az account show --query tenantId --output tsv)
in_group="/subscriptions/$subscription/resourceGroups/$RESOURCE_GROUP/providers"
namespace_id="$in_group/Microsoft.EventHub/namespaces/$NAMESPACE_NAME"
containers="$in_group/Microsoft.Storage/storageAccounts/$STORAGE_ACCOUNT_NAME/blobServices/default/containers"

run() { az "$@" --only-show-errors --output none; }

assign() { # ROLE SCOPE
  run role assignment create --assignee-object-id "$PRINCIPAL_ID" --assignee-principal-type ServicePrincipal \
    --role "$1" --scope "$2"
}

log_to_hub() { # RESOURCE CATEGORIES
  local category logs=""
  for category in $2; do logs+=${logs:+,}"{\"category\":\"$category\",\"enabled\":true}"; done
  run monitor diagnostic-settings create --name aoai-collector --resource "$1" \
    --event-hub "$hub" --event-hub-rule "$namespace_id/authorizationRules/azure-monitor" --logs "[$logs]"
}

# The event hub, the collector's consumer group, and the rule that Azure Monitor writes with.
if ((most_units > units)); then
  inflate=(--enable-auto-inflate true --maximum-throughput-units "$most_units")
else
  inflate=(--enable-auto-inflate false)
fi
run eventhubs namespace create --resource-group "$RESOURCE_GROUP" --name "$NAMESPACE_NAME" --location "$location" \
  --sku Standard --capacity "$units" --minimum-tls-version 1.2 "${inflate[@]}"
run eventhubs eventhub create --resource-group "$RESOURCE_GROUP" --namespace-name "$NAMESPACE_NAME" --name "$hub" \
  --partition-count "${PARTITION_COUNT:-4}" --cleanup-policy Delete --retention-time-in-hours "${RETENTION_HOURS:-168}"
run eventhubs eventhub consumer-group create --resource-group "$RESOURCE_GROUP" --namespace-name "$NAMESPACE_NAME" \
  --eventhub-name "$hub" --name "$group"
run eventhubs namespace authorization-rule create --resource-group "$RESOURCE_GROUP" \
  --namespace-name "$NAMESPACE_NAME" --name azure-monitor --rights Listen Manage Send

# Where checkpoints and the state of metrics are kept.
run storage account create --resource-group "$RESOURCE_GROUP" --name "$STORAGE_ACCOUNT_NAME" --location "$location" \
  --kind StorageV2 --sku Standard_LRS --min-tls-version TLS1_2 --https-only true \
  --allow-blob-public-access false --allow-shared-key-access false
run storage account blob-service-properties update --resource-group "$RESOURCE_GROUP" \
  --account-name "$STORAGE_ACCOUNT_NAME" --enable-delete-retention false --enable-versioning false
for container in "aoai-$hub" aoai-metrics; do
  run storage container-rm create --resource-group "$RESOURCE_GROUP" --storage-account "$STORAGE_ACCOUNT_NAME" \
    --name "$container"
done

# Azure Event Hubs Data Receiver; Storage Blob Data Contributor; Monitoring Reader.
assign a638d3c7-ab3a-418d-83e6-5f17a39d4fde "$namespace_id/eventhubs/$hub"
assign ba92f5b4-2d11-453d-a403-e96b0029c9fe "$containers/aoai-$hub"
assign ba92f5b4-2d11-453d-a403-e96b0029c9fe "$containers/aoai-metrics"
assign 43d0d8ad-25c7-4714-9337-8ba259a9fe05 "/subscriptions/$subscription"

for id in ${OPENAI_ACCOUNT_IDS:-}; do log_to_hub "$id" "$openai_categories"; done
for id in ${ONLINE_ENDPOINT_IDS:-}; do log_to_hub "$id" "$endpoint_categories"; done
for id in ${API_MANAGEMENT_IDS:-}; do
  run rest --method put --url "$id/loggers/azuremonitor?api-version=2024-05-01" \
    --body '{"properties":{"loggerType":"azureMonitor"}}'
  log_to_hub "$id" "$gateway_categories"
done

messages='{"messages":"all","maxSizeInBytes":32768}'
llm='{"logs":"enabled"}'
[[ ${LOG_MESSAGES:-false} != true ]] || llm="{\"logs\":\"enabled\",\"requests\":$messages,\"responses\":$messages}"
for id in ${LLM_API_IDS:-}; do
  run rest --method put --url "$id/diagnostics/azuremonitor?api-version=2024-06-01-preview" --body \
    "{\"properties\":{\"alwaysLog\":\"allErrors\",\"logClientIp\":true,\"loggerId\":\"${id%/apis/*}/loggers/azuremonitor\",\"sampling\":{\"samplingType\":\"fixed\",\"percentage\":100},\"largeLanguageModel\":$llm}}"
done

# What the policies beside this file read from the environment.
cat <<END
EVENTHUB_NAMESPACE=$NAMESPACE_NAME
EVENTHUB_NAME=$hub
EVENTHUB_CONSUMER_GROUP=$group
STORAGE_ACCOUNT=$STORAGE_ACCOUNT_NAME
AZURE_SUBSCRIPTION_ID=$subscription
AZURE_TENANT_ID=$tenant
END
