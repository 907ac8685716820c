// The storage account with one container for checkpoints and one for the state of metrics, and the collector's right to
// write them. Soft delete and versioning would keep a copy of every checkpoint, one each five seconds and partition.

@description('Region.')
param location string

@description('Name of the storage account.')
param storageAccountName string

@description('Name of the event hub: checkpoints are kept in aoai-NAME, where the collector looks for them by default.')
param eventHubName string

@description('Object id of the collector\'s login.')
param principalId string

// Storage Blob Data Contributor
var blobDataContributor = 'ba92f5b4-2d11-453d-a403-e96b0029c9fe'

resource account 'Microsoft.Storage/storageAccounts@2023-05-01' = {
  name: storageAccountName
  location: location
  kind: 'StorageV2'
  sku: {
    name: 'Standard_LRS'
  }
  properties: {
    allowBlobPublicAccess: false
    allowSharedKeyAccess: false
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
  }
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2023-05-01' = {
  parent: account
  name: 'default'
  properties: {
    deleteRetentionPolicy: {
      enabled: false
    }
    isVersioningEnabled: false
  }
}

resource checkpoints 'Microsoft.Storage/storageAccounts/blobServices/containers@2023-05-01' = {
  parent: blobs
  name: 'aoai-${eventHubName}'
}

resource metrics 'Microsoft.Storage/storageAccounts/blobServices/containers@2023-05-01' = {
  parent: blobs
  name: 'aoai-metrics'
}

resource mayWriteCheckpoints 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(checkpoints.id, principalId, blobDataContributor)
  scope: checkpoints
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', blobDataContributor)
  }
}

resource mayWriteMetrics 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(metrics.id, principalId, blobDataContributor)
  scope: metrics
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', blobDataContributor)
  }
}
