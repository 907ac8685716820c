// The diagnostic setting of an API Management service, and the logger that its APIs name when they log to Azure Monitor.

@description('Name of the service.')
param serviceName string

@description('Categories of its logs.')
param categories array

@description('Name of the event hub.')
param eventHubName string

@description('Id of the namespace\'s rule that Azure Monitor writes with.')
param authorizationRuleId string

resource service 'Microsoft.ApiManagement/service@2024-05-01' existing = {
  name: serviceName
}

resource logger 'Microsoft.ApiManagement/service/loggers@2024-05-01' = {
  parent: service
  name: 'azuremonitor'
  properties: {
    loggerType: 'azureMonitor'
  }
}

resource logs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'aoai-collector'
  scope: service
  properties: {
    eventHubAuthorizationRuleId: authorizationRuleId
    eventHubName: eventHubName
    logs: [for category in categories: {
      category: category
      enabled: true
    }]
  }
}
