// The right to read metrics, deployments and quotas of the subscription, and nothing else.

targetScope = 'subscription'

@description('Object id of the collector\'s login.')
param principalId string

// Monitoring Reader
var monitoringReader = '43d0d8ad-25c7-4714-9337-8ba259a9fe05'

resource mayReadMetrics 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(subscription().id, principalId, monitoringReader)
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', monitoringReader)
  }
}
