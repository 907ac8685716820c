// The diagnostic setting of an Azure ML online endpoint.

@description('Name of the workspace.')
param workspaceName string

@description('Name of the endpoint.')
param endpointName string

@description('Categories of its logs.')
param categories array

@description('Name of the event hub.')
param eventHubName string

@description('Id of the namespace\'s rule that Azure Monitor writes with.')
param authorizationRuleId string

resource workspace 'Microsoft.MachineLearningServices/workspaces@2024-10-01' existing = {
  name: workspaceName
}

resource endpoint 'Microsoft.MachineLearningServices/workspaces/onlineEndpoints@2024-10-01' existing = {
  parent: workspace
  name: endpointName
}

resource logs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'aoai-collector'
  scope: endpoint
  properties: {
    eventHubAuthorizationRuleId: authorizationRuleId
    eventHubName: eventHubName
    logs: [for category in categories: {
      category: category
      enabled: true
    }]
  }
}
