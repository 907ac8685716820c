// Everything that the collector needs in one region: an event hub, a storage account for its state, the three roles of
// its login, and the diagnostic settings of the resources that it observes. README.md tells how to deploy it.

@description('Region of the event hub and the storage account. A resource can log only to an event hub of its own region.')
param location string = resourceGroup().location

@description('Name of the Event Hubs namespace; it becomes a host name, so nobody else may have it.')
param namespaceName string

@description('Name of the storage account, 3 to 24 lower-case letters and digits; it becomes a host name, too.')
param storageAccountName string

@description('Object id of the service principal or managed identity that the collector logs in with. Not the client id.')
param principalId string

@description('Name of the event hub that all resources of the region log to: lower-case letters, digits and hyphens, since a blob container is named after it.')
param eventHubName string = 'insights-logs'

@description('Consumer group of the collector: one program, one group.')
param consumerGroupName string = 'aoai-collector'

@description('Partitions of the event hub: the most collectors that can share it. The Standard tier cannot change it later.')
@minValue(1)
@maxValue(32)
param partitionCount int = 4

@description('How long the event hub keeps what nobody has read: as long as collector or Elasticsearch may be down. 168 is the most of the Standard tier.')
@minValue(1)
@maxValue(168)
param retentionHours int = 168

@description('Throughput units that are always there and always paid for.')
@minValue(1)
@maxValue(40)
param throughputUnits int = 1

@description('Throughput units that Event Hubs may go up to by itself; it does not go down again by itself.')
@minValue(1)
@maxValue(40)
param maximumThroughputUnits int = 4

@description('Resource ids of the Azure OpenAI accounts whose logs are collected.')
param openAiAccountIds array = []

@description('Categories of the accounts\' logs. Azure charges for the export of the last two.')
param openAiCategories array = [
  'RequestResponse'
  'Audit'
  'Trace'
  'AzureOpenAIRequestUsage'
  'ManagedNetworkEvent'
]

@description('Resource ids of the API Management services in front of them.')
param apiManagementIds array = []

@description('Categories of the services\' logs. Azure charges for the export of the last two.')
param apiManagementCategories array = [
  'GatewayLogs'
  'GatewayLlmLogs'
  'GatewayMCPLogs'
]

@description('Resource ids of the APIs (.../service/NAME/apis/API) whose tokens API Management logs in GatewayLlmLogs. Their services must be in apiManagementIds.')
param llmApiIds array = []

@description('Whether prompts and answers of those APIs are logged as well. They then pass the event hub as they are.')
param logMessages bool = false

@description('Resource ids of the Azure ML online endpoints whose logs are collected.')
param onlineEndpointIds array = []

@description('Categories of the endpoints\' logs. Azure charges for the export of all three.')
param onlineEndpointCategories array = [
  'AmlOnlineEndpointTrafficLog'
  'AmlOnlineEndpointEventLog'
  'AmlOnlineEndpointConsoleLog'
]

module eventHub 'modules/event-hub.bicep' = {
  name: 'aoai-event-hub'
  params: {
    location: location
    namespaceName: namespaceName
    eventHubName: eventHubName
    consumerGroupName: consumerGroupName
    partitionCount: partitionCount
    retentionHours: retentionHours
    throughputUnits: throughputUnits
    maximumThroughputUnits: maximumThroughputUnits
    principalId: principalId
  }
}

module stateStore 'modules/state-store.bicep' = {
  name: 'aoai-state-store'
  params: {
    location: location
    storageAccountName: storageAccountName
    eventHubName: eventHubName
    principalId: principalId
  }
}

module metricsAccess 'modules/metrics-access.bicep' = {
  name: 'aoai-metrics-access-${uniqueString(resourceGroup().id)}'
  scope: subscription()
  params: {
    principalId: principalId
  }
}

module openAiLogs 'modules/openai-logs.bicep' = [for id in openAiAccountIds: {
  name: 'aoai-logs-${uniqueString(id)}'
  scope: resourceGroup(split(id, '/')[2], split(id, '/')[4])
  params: {
    accountName: last(split(id, '/'))
    categories: openAiCategories
    eventHubName: eventHubName
    authorizationRuleId: eventHub.outputs.authorizationRuleId
  }
}]

module gatewayLogs 'modules/gateway-logs.bicep' = [for id in apiManagementIds: {
  name: 'aoai-logs-${uniqueString(id)}'
  scope: resourceGroup(split(id, '/')[2], split(id, '/')[4])
  params: {
    serviceName: last(split(id, '/'))
    categories: apiManagementCategories
    eventHubName: eventHubName
    authorizationRuleId: eventHub.outputs.authorizationRuleId
  }
}]

module llmApiLogging 'modules/llm-api-logging.bicep' = [for id in llmApiIds: {
  name: 'aoai-logs-${uniqueString(id)}'
  scope: resourceGroup(split(id, '/')[2], split(id, '/')[4])
  params: {
    serviceName: split(id, '/')[8]
    apiName: last(split(id, '/'))
    logMessages: logMessages
  }
  dependsOn: [
    gatewayLogs
  ]
}]

module endpointLogs 'modules/endpoint-logs.bicep' = [for id in onlineEndpointIds: {
  name: 'aoai-logs-${uniqueString(id)}'
  scope: resourceGroup(split(id, '/')[2], split(id, '/')[4])
  params: {
    workspaceName: split(id, '/')[8]
    endpointName: last(split(id, '/'))
    categories: onlineEndpointCategories
    eventHubName: eventHubName
    authorizationRuleId: eventHub.outputs.authorizationRuleId
  }
}]

@description('What the policies beside this file read from the environment, a line each.')
output environment array = [
  'EVENTHUB_NAMESPACE=${namespaceName}'
  'EVENTHUB_NAME=${eventHubName}'
  'EVENTHUB_CONSUMER_GROUP=${consumerGroupName}'
  'STORAGE_ACCOUNT=${storageAccountName}'
  'AZURE_SUBSCRIPTION_ID=${subscription().subscriptionId}'
  'AZURE_TENANT_ID=${tenant().tenantId}'
]
