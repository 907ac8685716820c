// The namespace, the hub, the collector's consumer group and its right to read, and the rule that Azure Monitor writes
// with.

@description('Region.')
param location string

@description('Name of the namespace.')
param namespaceName string

@description('Name of the event hub.')
param eventHubName string

@description('Consumer group of the collector.')
param consumerGroupName string

@description('Number of partitions.')
param partitionCount int

@description('Hours that the hub keeps events.')
param retentionHours int

@description('Throughput units at least.')
param throughputUnits int

@description('Throughput units at most.')
param maximumThroughputUnits int

@description('Object id of the collector\'s login.')
param principalId string

// Azure Event Hubs Data Receiver
var dataReceiver = 'a638d3c7-ab3a-418d-83e6-5f17a39d4fde'

resource namespace 'Microsoft.EventHub/namespaces@2024-01-01' = {
  name: namespaceName
  location: location
  sku: {
    name: 'Standard'
    tier: 'Standard'
    capacity: throughputUnits
  }
  properties: {
    minimumTlsVersion: '1.2'
    isAutoInflateEnabled: maximumThroughputUnits > throughputUnits
    maximumThroughputUnits: maximumThroughputUnits > throughputUnits ? maximumThroughputUnits : 0
  }
}

resource hub 'Microsoft.EventHub/namespaces/eventhubs@2024-01-01' = {
  parent: namespace
  name: eventHubName
  properties: {
    partitionCount: partitionCount
    retentionDescription: {
      cleanupPolicy: 'Delete'
      retentionTimeInHours: retentionHours
    }
  }
}

resource consumerGroup 'Microsoft.EventHub/namespaces/eventhubs/consumergroups@2024-01-01' = {
  parent: hub
  name: consumerGroupName
}

// Azure Monitor asks for all three rights. A rule of its own can be taken away without touching another program's.
resource azureMonitor 'Microsoft.EventHub/namespaces/authorizationRules@2024-01-01' = {
  parent: namespace
  name: 'azure-monitor'
  properties: {
    rights: [
      'Listen'
      'Manage'
      'Send'
    ]
  }
}

resource mayReceive 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(hub.id, principalId, dataReceiver)
  scope: hub
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', dataReceiver)
  }
}

@description('Id of the rule that diagnostic settings name.')
output authorizationRuleId string = azureMonitor.id
